import { AnsweredError, type Client } from './client.ts';
import { UsageError } from './options.ts';
import { counted, type Terminal } from './terminal.ts';
import { type Decided, whyLines } from './why.ts';

export const IAM_USAGE = `lambent iam why REQUEST-ID
  lambent iam lint
  lambent iam suggest --role NAME | --user NAME [--since 7d]`;

export interface IamCommand {
  readonly client: Client;
  readonly terminal: Terminal;
  readonly account: string;
  readonly words: readonly string[];
  readonly values: Readonly<Record<string, unknown>>;
}

/** `lambent iam …`: what the server knows of permissions, in plain words. */
export async function iam(command: IamCommand): Promise<number> {
  const [verb, ...rest] = command.words;
  switch (verb) {
    case 'why':
      return why(command, rest);
    case 'suggest':
      return suggest(command);
    case 'lint':
      return findings(command);
    default:
      throw new UsageError(IAM_USAGE);
  }
}

async function why({ client, terminal }: IamCommand, [requestId]: readonly string[]): Promise<number> {
  if (requestId === undefined) throw new UsageError(IAM_USAGE);
  const decided = await ask<Decided>(client, '/_lambent/iam/why', { requestId });
  for (const line of whyLines(decided)) terminal.out(line);
  return 0;
}

interface Findings {
  readonly identities: number;
  readonly findings: readonly {
    readonly severity: string;
    readonly rule: string;
    readonly about: string;
    readonly message: string;
  }[];
}

/** Exit code 1 when something of high severity is found, so that a build can ask. */
async function findings({ client, terminal, account }: IamCommand): Promise<number> {
  const { identities, findings: found } = await ask<Findings>(client, '/_lambent/iam/lint', { account });
  let about = '';
  for (const finding of found.toSorted((a, b) => (a.about < b.about ? -1 : a.about > b.about ? 1 : 0))) {
    if (finding.about !== about) terminal.out((about = finding.about));
    terminal.out(`  ${finding.severity.padEnd(6)} ${finding.rule}: ${finding.message}`);
  }
  terminal.out(
    `${counted(identities, 'identity', 'identities')} looked at, ${counted(found.length, 'finding')}`,
  );
  return found.some(({ severity }) => severity === 'high') ? 1 : 0;
}

/** The least policy on standard output, so that it can be put in a file; what it was made of on the other. */
async function suggest({ client, terminal, account, values }: IamCommand): Promise<number> {
  const { role, user, since } = values;
  if ((role === undefined) === (user === undefined)) throw new UsageError(IAM_USAGE);
  const kind = role === undefined ? 'user' : 'role';
  const details = await client.query('iam', '2010-05-08', role === undefined ? 'GetUser' : 'GetRole', {
    [role === undefined ? 'UserName' : 'RoleName']: String(role ?? user),
  });
  const arn = arnIn(details);
  const { policy, activity } = await ask<{
    readonly policy: unknown;
    readonly activity: readonly { readonly action: string; readonly count: number }[];
  }>(client, '/_lambent/iam/suggest', {
    principal: arn,
    ...(since === undefined ? {} : { withinMs: String(durationMs(String(since))) }),
  });
  const calls = activity.reduce((sum, { count }) => sum + count, 0);
  terminal.error(
    activity.length === 0
      ? `The ${kind} ${role ?? user} of account ${account} has done nothing that needs a permission.`
      : `From ${calls} calls of ${new Set(activity.map(({ action }) => action)).size} actions:`,
  );
  terminal.out(JSON.stringify(policy, null, 2));
  return 0;
}

interface Element {
  readonly name: string;
  readonly text: string;
  readonly children: readonly Element[];
}

/** The first ARN of a description: the identity's own. */
function arnIn(element: Element): string {
  if (element.name === 'Arn') return element.text;
  for (const child of element.children) {
    const found = arnIn(child);
    if (found !== '') return found;
  }
  return '';
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90m`, `12h`, `7d`, in milliseconds. */
export function durationMs(text: string): number {
  const parts = /^(\d+)([smhd])$/.exec(text);
  const unit = UNITS[parts?.[2] ?? ''];
  if (parts === null || unit === undefined)
    throw new UsageError(`--since ${text} is not like 90m, 12h or 7d`);
  return Number(parts[1]) * unit;
}

async function ask<Answer>(
  client: Client,
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<Answer> {
  const text = new URLSearchParams(query).toString().replaceAll('+', '%20');
  const answer = await client.signed('iam', 'GET', path, text, {}, '');
  const body = JSON.parse(answer.body.toString('utf8')) as { readonly message?: string };
  if (answer.status !== 200) throw new AnsweredError(String(answer.status), body.message ?? '');
  return body as Answer;
}
