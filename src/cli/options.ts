import { parseArgs } from 'node:util';

/** What the user typed was wrong: said in a line, with exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface UpOptions {
  readonly template: string | undefined;
  readonly port: number;
  readonly host: string;
  /** Absent with `--ephemeral`. */
  readonly dataFolder: string | undefined;
  readonly account: string;
  readonly region: string;
  readonly iam: 'enforce' | 'audit';
  readonly watch: boolean;
  readonly quiet: boolean;
}

export const DEFAULT_PORT = 4566;
export const DEFAULT_DATA = '.lambent';

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new UsageError(`--port ${text} is not a port`);
  return port;
}

/** Reads the words after `lambent up`. */
export function parseUp(words: readonly string[]): UpOptions {
  const { values, positionals } = parse(words, {
    port: { type: 'string', default: String(DEFAULT_PORT) },
    host: { type: 'string', default: '127.0.0.1' },
    data: { type: 'string' },
    ephemeral: { type: 'boolean', default: false },
    account: { type: 'string', default: '000000000000' },
    region: { type: 'string', default: 'us-east-1' },
    iam: { type: 'string', default: 'enforce' },
    watch: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
  });
  const { data, ephemeral, account, region, iam } = values;
  if (positionals.length > 1) throw new UsageError('lambent up takes one template');
  if (ephemeral === true && data !== undefined)
    throw new UsageError('--ephemeral and --data exclude each other');
  if (!/^\d{12}$/.test(String(account))) throw new UsageError(`--account ${account} is not 12 digits`);
  if (iam !== 'enforce' && iam !== 'audit') throw new UsageError(`--iam is enforce or audit, not ${iam}`);
  return {
    template: positionals[0],
    port: portOf(String(values['port'])),
    host: String(values['host']),
    dataFolder: ephemeral === true ? undefined : String(data ?? DEFAULT_DATA),
    account: String(account),
    region: String(region),
    iam,
    watch: values['watch'] === true,
    quiet: values['quiet'] === true,
  };
}

type OptionSpecs = NonNullable<Parameters<typeof parseArgs>[0]>['options'];

/** `parseArgs` whose complaints are usage errors. */
export function parse(
  words: readonly string[],
  options: OptionSpecs,
): { readonly values: Record<string, unknown>; readonly positionals: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      options,
      allowPositionals: true,
      strict: true,
    });
    return { values, positionals };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
