/** `indelible audit`: checks the rows of a server's database, and says what it found. */
import type { TenantId } from '../core/ids.ts';
import { withStored } from '../server/stored.ts';
import { type LogReport, verifyRows } from '../verify/index.ts';
import { readArguments, UsageError } from './arguments.ts';
import { findingText } from './findingText.ts';
import { HELP } from './help.ts';
import { EXIT, type ExitCode, printJson } from './output.ts';

type Audited = { readonly tenant: TenantId } & Pick<LogReport, 'ok' | 'findings' | 'omitted' | 'counts'>;

const print = ({ tenant, ok, findings, omitted, counts }: Audited): void => {
  const total = findings.length + omitted;
  const held = `${counts.events} events in ${counts.commits} commits of ${counts.replicas} replicas`;
  console.log(`${tenant}: ${ok ? 'sound' : `${total} ${total === 1 ? 'finding' : 'findings'}`}; ${held}`);
  for (const [at, finding] of findings.entries()) console.log(findingText(finding, at, 'the log as a whole'));
  if (omitted > 0) console.log(`  and ${omitted} more`);
};

export const audit = async (words: readonly string[]): Promise<ExitCode> => {
  const { text, help, json, positionals } = readArguments('audit', words, ['data']);
  if (help) {
    console.log(HELP.audit);
    return EXIT.good;
  }
  if (positionals.length > 0) throw new UsageError('audit takes options only', 'Run: indelible audit --help');
  const databaseUrl = process.env['DATABASE_URL'];
  const place = { data: text('data') ?? 'data', databaseUrl: databaseUrl === '' ? undefined : databaseUrl };
  const tenants = await withStored(place, async ({ tenant, rows, ...rest }): Promise<Audited> => {
    const { ok, findings, omitted, counts } = await verifyRows(rows, { tenant, ...rest });
    return { tenant, ok, findings, omitted, counts };
  });
  const ok = tenants.every((each) => each.ok);
  if (json) printJson({ ok, tenants });
  else for (const each of tenants) print(each);
  if (!json && tenants.length === 0) console.log('nothing is held of any tenant');
  return ok ? EXIT.good : EXIT.findings;
};
