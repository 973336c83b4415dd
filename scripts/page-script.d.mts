export function pageScript(entry: string, options?: { readonly minify?: boolean }): Promise<string>;
