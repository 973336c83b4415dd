/**
 * Forms on their way out. A form that refers to an audit record which has not been read yet holds up itself and all after
 * it, so that forms come out in the order of the file; the rest streams.
 */
import { StoreError } from '../core/errors.ts';
import type { AuditReader } from './audit.ts';
import type { FormRecord, ItemValue } from './clinicalModel.ts';
import type { PendingItem } from './item.ts';
import { ODM_LIMITS } from './limits.ts';
import type { Notices } from './notices.ts';
import { shown } from './notices.ts';
import type { PendingForm } from './subject.ts';

export type WaitingForms = {
  add(form: PendingForm): void;
  /** Releases the forms at the head whose audit records are all known. */
  release(): readonly FormRecord[];
  /** Releases all; a reference that led nowhere is a problem. */
  releaseAll(): readonly FormRecord[];
};

/** An empty queue. */
export const createWaitingForms = (audits: AuditReader, notices: Notices): WaitingForms => {
  let queue: PendingForm[] = [];
  let waitingItems = 0;

  const settle = ({ value, awaits }: PendingItem): ItemValue => {
    const own = awaits === undefined ? undefined : audits.byId(awaits);
    if (awaits !== undefined && own === undefined) {
      const place = { path: '/ODM/ClinicalData//@AuditRecordID', line: value.line };
      notices.problem('import.unknown-reference', place, `audit record ${shown(awaits)} is not in the file`);
    }
    const settled: ItemValue = own === undefined ? value : { ...value, audit: own, auditLevel: 'item' };
    if (settled.audit !== undefined) audits.use(settled.audit);
    return settled;
  };
  const finish = (form: PendingForm): FormRecord => {
    for (const { audit } of form.removals) if (audit !== undefined) audits.use(audit);
    return { ...form, items: form.items.map(settle) };
  };
  const isReady = (form: PendingForm): boolean =>
    form.items.every(({ awaits }) => awaits === undefined || audits.byId(awaits) !== undefined);
  const releaseFirst = (count: number): readonly FormRecord[] => {
    if (count === 0) return [];
    const released = queue.slice(0, count);
    queue = queue.slice(count);
    waitingItems = queue.reduce((sum, form) => sum + form.items.length, 0);
    return released.map(finish);
  };
  return {
    add: (form) => {
      queue.push(form);
      waitingItems += form.items.length;
      if (waitingItems > ODM_LIMITS.waitingItemsMax) {
        throw new StoreError('import.too-large', {
          what: 'waiting items',
          max: ODM_LIMITS.waitingItemsMax,
          line: form.line,
        });
      }
    },
    release: () => {
      const blocked = queue.findIndex((form) => !isReady(form));
      return releaseFirst(blocked < 0 ? queue.length : blocked);
    },
    releaseAll: () => releaseFirst(queue.length),
  };
};
