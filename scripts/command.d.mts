export function commandOf(name: string, command: string): string;
