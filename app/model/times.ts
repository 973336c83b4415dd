/** Times as a person reads them, with zone and offset where they are known. */
import type { RecordedAt } from '../../src/index.ts';

const pad = (part: number): string => String(part).padStart(2, '0');

const offsetText = (offsetMin: number): string => {
  const size = Math.abs(offsetMin);
  return `UTC${offsetMin < 0 ? '−' : '+'}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
};

/** Device time at the place where it was recorded: `2025-03-14 20:55:01 UTC+01:00 (Europe/Berlin)`. */
export const recordedText = ({ utc, offsetMin, zone }: RecordedAt): string => {
  const local = new Date(Date.parse(utc) + offsetMin * 60_000).toISOString();
  return `${local.slice(0, 10)} ${local.slice(11, 19)} ${offsetText(offsetMin)} (${zone})`;
};

/** A server's or a file's time in UTC, to the second. */
export const utcText = (utc: string): string => `${utc.slice(0, 10)} ${utc.slice(11, 19)} UTC`;

/** How long ago, in words. */
export const ageText = (utc: string, nowMs: number): string => spanText(nowMs - Date.parse(utc));

/** A length of time in words; none below zero. */
export const spanText = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d`;
};

/** A replica's id, short enough for people. */
export const shortId = (replica: string): string => replica.slice(0, 8);

/** `2026-03-02T08:00:00`, as a field for a time has it, in the zone of this device. */
export const localText = (ms: number): string => {
  const at = new Date(ms);
  const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  return `${day}T${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
};

/** RFC 3339 UTC with milliseconds; undefined if nothing, or no time, was given. */
export const instantOf = (local: string): string | undefined => {
  const ms = Date.parse(local);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
};
