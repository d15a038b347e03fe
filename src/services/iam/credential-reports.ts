import type { IamOperations } from '../../model/gen/iam.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { type CredentialLine, credentialReport, type KeyLine } from './credential-report.ts';
import { fault } from './fault.ts';
import { iamArn } from './identifier.ts';
import { identityArn } from './identity.ts';
import { layout, type UserRow } from './layout.ts';

/** A report serves for four hours; virtual time. */
const VALID_MS = 4 * 60 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Who has which credentials, and how old they are. */
export const credentialReports = {
  async GenerateCredentialReport(_input, ctx) {
    const nowMs = ctx.world.clock.now();
    const reports = layout.at(ctx.account, '').credentialReport;
    const known = await reports.get(ctx.store, []);
    if (known !== undefined && nowMs - known.generatedAtMs < VALID_MS) return { State: 'COMPLETE' };
    const content = await ctx.store.snapshot((reader) => reportOf(reader, ctx));
    await ctx.transact(async (tx) => reports.set(tx, [], { generatedAtMs: nowMs, content }));
    return {
      State: 'STARTED',
      Description: 'No report exists. Starting a new report generation task',
    };
  },

  async GetCredentialReport(_input, { account, store, world }) {
    const report = await layout.at(account, '').credentialReport.get(store, []);
    if (report === undefined)
      throw fault(
        'ReportNotPresent',
        'No report present. Please call GenerateCredentialReport to generate one.',
      );
    if (world.clock.now() - report.generatedAtMs >= VALID_MS)
      throw fault(
        'ReportExpired',
        'The most recent credential report has expired. To generate a new credential report, use GenerateCredentialReport.',
      );
    return {
      Content: Buffer.from(report.content),
      ReportFormat: 'text/csv',
      GeneratedTime: new Date(report.generatedAtMs),
    };
  },
} satisfies Group<IamOperations>;

async function reportOf(reader: Reader, ctx: Context): Promise<string> {
  const { account } = ctx;
  const rows = layout.at(account, '');
  const maxAgeDays = (await rows.passwordPolicy.get(reader, []))?.maxAgeDays;
  const rootKeys = (await rows.accessKeys.all(reader, [])).filter(
    ({ value }) => value.userName === undefined,
  );
  const root: CredentialLine = {
    user: '<root_account>',
    arn: iamArn(account, 'root'),
    createdAtMs: undefined,
    passwordEnabled: undefined,
    passwordChangedAtMs: undefined,
    passwordExpiresAtMs: undefined,
    mfa: false,
    keys: await keyLines(
      reader,
      account,
      rootKeys.map(({ key: [id] }) => id),
    ),
  };
  const users = await rows.users.all(reader, []);
  const lines = users.map(({ value }) => userLine(reader, account, value, maxAgeDays));
  return credentialReport([root, ...(await Promise.all(lines))]);
}

async function userLine(
  reader: Reader,
  account: string,
  row: UserRow,
  maxAgeDays: number | undefined,
): Promise<CredentialLine> {
  const changedAtMs = row.login?.createdAtMs;
  return {
    user: row.name,
    arn: identityArn(account, 'user', row),
    createdAtMs: row.createdAtMs,
    passwordEnabled: row.login !== undefined,
    passwordChangedAtMs: changedAtMs,
    passwordExpiresAtMs:
      changedAtMs === undefined || maxAgeDays === undefined ? undefined : changedAtMs + maxAgeDays * DAY_MS,
    mfa: row.mfaSerials.length > 0,
    keys: await keyLines(reader, account, row.accessKeyIds),
  };
}

async function keyLines(reader: Reader, account: string, ids: readonly string[]): Promise<KeyLine[]> {
  const { accessKeys, keyUses } = layout.at(account, '');
  const lines = ids.map(async (id) => {
    const row = await accessKeys.get(reader, [id]);
    if (row === undefined) return [];
    return [{ active: row.active, createdAtMs: row.createdAtMs, use: await keyUses.get(reader, [id]) }];
  });
  return (await Promise.all(lines)).flat();
}
