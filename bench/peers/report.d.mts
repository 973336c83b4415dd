/** What one store did in one round. Times in milliseconds, rates in events per second; `cut` says that the clock ended the work. */
export type PeerSample = {
  readonly one: Appended;
  readonly hundred: Appended & { readonly bytes: number };
  readonly all: Appended;
  readonly cold: { readonly events: number; readonly ms: number };
  readonly live: { readonly callback: number | null; readonly durable: number | null; readonly calls: number };
};
type Appended = { readonly events: number; readonly cut: boolean; readonly rate: number; readonly p50: number | null };

/** A store's row: who it is, and the medians over its rounds. */
export type PeerRow = {
  readonly name: string;
  readonly version: string;
  readonly durability: string;
  readonly differs: string;
} & ReturnType<typeof columnsOf>;

type Column = { readonly rate: number | null; readonly events: number; readonly cut: boolean };
export declare const columnsOf: (samples: readonly PeerSample[]) => {
  readonly rounds: number;
  readonly one: Column & { readonly p50: number | null };
  readonly hundred: Column;
  readonly all: Column;
  readonly cold: { readonly ms: number | null; readonly events: number };
  readonly live: { readonly callback: number | null; readonly durable: number | null; readonly calls: number | null };
  readonly bytes: number | null;
};
export declare const textOf: (rows: readonly PeerRow[]) => string;
export declare const markdownOf: (rows: readonly PeerRow[]) => readonly string[];
