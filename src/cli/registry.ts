/** Loads what an application registers: the aggregates that a module exports, one by one or in a list. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AggregateDefinition } from '../core/aggregate.ts';
import { isRecord } from '../core/json.ts';
import { Replica } from '../store/replica.ts';
import { UsageError } from './arguments.ts';

const isAggregate = (value: unknown): value is AggregateDefinition =>
  isRecord(value) &&
  typeof value['type'] === 'string' &&
  value['events'] instanceof Map &&
  isRecord(value['replay']) &&
  typeof value['source'] === 'function';

const HINT =
  'It is a JavaScript module that exports the aggregates, each by itself or in a list: export const aggregates = [Visit];';

/** @throws UsageError if the module cannot be loaded, exports no aggregate, or two of one type */
export const loadAggregates = async (file: string): Promise<readonly AggregateDefinition[]> => {
  let loaded: Readonly<Record<string, unknown>>;
  try {
    loaded = await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
    throw new UsageError(`${file} cannot be loaded: ${why}`, HINT);
  }
  const found = [...new Set(Object.values(loaded).flat())].filter(isAggregate);
  const types = new Set(found.map(({ type }) => type));
  if (found.length === 0) throw new UsageError(`${file} exports no aggregate`, HINT);
  if (types.size < found.length) throw new UsageError(`${file} exports two aggregates of one type`, HINT);
  return found;
};

/** The same, with what every store registers by itself. @throws UsageError as `loadAggregates` */
export const loadRegistry = async (file: string): Promise<readonly AggregateDefinition[]> => {
  const aggregates = await loadAggregates(file);
  return aggregates.some(({ type }) => type === Replica.type) ? aggregates : [...aggregates, Replica];
};
