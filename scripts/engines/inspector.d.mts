export interface Inspector {
  evaluate(expression: string): Promise<unknown>;
  reload(): Promise<unknown>;
  close(): void;
}
export function connectInspector(port: number): Promise<Inspector>;
