import { resolve } from 'node:path';
import { packageVersion } from '../base/package-folder.ts';
import { installedRuntimesFolder, runningServer } from '../data-folder.ts';
import { environment } from '../world/environment.ts';
import { realWorld } from '../world/real.ts';
import { AnsweredError, Client, send } from './client.ts';
import { costLine, costOf } from './cost.ts';
import { deploy, remove, stackNameOf } from './deploy.ts';
import { DeployError } from './deploy-error.ts';
import { DYNAMODB_USAGE, dynamodb } from './dynamodb.ts';
import { IAM_USAGE, iam } from './iam.ts';
import { DEFAULT_DATA, DEFAULT_PORT, parse, UsageError } from './options.ts';
import { installRuntime, listRuntimes, RUNTIMES_USAGE } from './runtimes.ts';
import { processTerminal, type Terminal } from './terminal.ts';

interface Session {
  readonly terminal: Terminal;
  readonly client: Client;
  readonly account: string;
  readonly world: ReturnType<typeof realWorld>;
}

type Command = (words: readonly string[]) => Promise<number>;

const COMMON = {
  endpoint: { type: 'string' },
  data: { type: 'string', default: DEFAULT_DATA },
  region: { type: 'string', default: environment('AWS_REGION') ?? 'us-east-1' },
  account: { type: 'string', default: '000000000000' },
} as const;

/** Finds the server: by `--endpoint`, by AWS_ENDPOINT_URL, by its data folder, else at the usual port. */
async function openSession(values: Record<string, unknown>): Promise<Session> {
  const running = await runningServer(resolve(String(values['data'])));
  const endpoint =
    (values['endpoint'] as string | undefined) ??
    running?.endpoint ??
    environment('AWS_ENDPOINT_URL') ??
    `http://127.0.0.1:${DEFAULT_PORT}`;
  const world = realWorld();
  const account = String(values['account']);
  const sessionToken = environment('AWS_SESSION_TOKEN');
  return {
    terminal: processTerminal(),
    account,
    world,
    client: new Client({
      endpoint,
      region: String(values['region']),
      credentials: {
        accessKeyId: environment('AWS_ACCESS_KEY_ID') ?? (account === '000000000000' ? 'test' : account),
        secretAccessKey: environment('AWS_SECRET_ACCESS_KEY') ?? 'test',
        ...(sessionToken === undefined ? {} : { sessionToken }),
      },
      nowMs: () => world.clock.realNow(),
    }),
  };
}

const commands: Readonly<Record<string, Command>> = {
  deploy: async (words) => {
    const { values, positionals } = parse(words, {
      ...COMMON,
      stack: { type: 'string' },
      parameter: { type: 'string', multiple: true, default: [] },
    });
    const [template] = positionals;
    if (template === undefined)
      throw new UsageError('lambent deploy TEMPLATE [--stack NAME] [--parameter KEY=VALUE]');
    const parameters = Object.fromEntries(
      (values['parameter'] as readonly string[]).map((word) => {
        const equals = word.indexOf('=');
        if (equals < 1) throw new UsageError(`--parameter ${word} is not KEY=VALUE`);
        return [word.slice(0, equals), word.slice(equals + 1)];
      }),
    );
    const { client, world, terminal, account } = await openSession(values);
    const stackName = String(values['stack'] ?? stackNameOf(template));
    const deployed = await deploy(client, world, terminal, { template, stackName, account, parameters });
    terminal.out(`${stackName} ${deployed.changed ? 'deployed' : 'is unchanged'}`);
    for (const { key, value } of deployed.outputs) terminal.out(`  ${key}  ${value}`);
    return 0;
  },
  delete: async (words) => {
    const { values, positionals } = parse(words, COMMON);
    const [stackName] = positionals;
    if (stackName === undefined) throw new UsageError('lambent delete STACK');
    const { client, world, terminal } = await openSession(values);
    await remove(client, world, terminal, stackName);
    terminal.out(`${stackName} deleted`);
    return 0;
  },
  invoke: async (words) => {
    const { values, positionals } = parse(words, { ...COMMON, payload: { type: 'string', default: '{}' } });
    const [name] = positionals;
    if (name === undefined) throw new UsageError("lambent invoke FUNCTION [--payload '{}']");
    const { client, terminal } = await openSession(values);
    const answer = await client.signed(
      'lambda',
      'POST',
      `/2015-03-31/functions/${encodeURIComponent(name)}/invocations`,
      '',
      { 'x-amz-log-type': 'Tail', 'content-type': 'application/json' },
      String(values['payload']),
    );
    const tail = answer.headers['x-amz-log-result'];
    if (typeof tail === 'string') {
      const log = Buffer.from(tail, 'base64').toString('utf8').trimEnd();
      terminal.error(log);
      const cost = costOf(log);
      if (cost !== undefined) terminal.error(`${costLine([cost])}`);
    }
    terminal.out(answer.body.toString('utf8'));
    return answer.status >= 300 || answer.headers['x-amz-function-error'] !== undefined ? 1 : 0;
  },
  logs: async (words) => {
    const { values, positionals } = parse(words, {
      ...COMMON,
      follow: { type: 'boolean', short: 'f', default: false },
    });
    const [name] = positionals;
    if (name === undefined) throw new UsageError('lambent logs FUNCTION [-f]');
    const { client, terminal, world } = await openSession(values);
    const logGroupName = name.startsWith('/') ? name : `/aws/lambda/${name}`;
    let startTime = 0;
    const seen = new Set<string>();
    const costs: number[] = [];
    do {
      let nextToken: unknown;
      do {
        const page = await client.json('logs', 'Logs_20140328.FilterLogEvents', '1.1', {
          logGroupName,
          startTime,
          ...(nextToken === undefined ? {} : { nextToken }),
        });
        for (const event of page['events'] as { eventId: string; timestamp: number; message: string }[]) {
          if (seen.has(event.eventId)) continue;
          seen.add(event.eventId);
          startTime = Math.max(startTime, event.timestamp);
          terminal.out(`${new Date(event.timestamp).toISOString()} ${event.message.trimEnd()}`);
          const cost = costOf(event.message);
          if (cost !== undefined) costs.push(cost);
        }
        nextToken = page['nextToken'];
      } while (nextToken !== undefined);
      if (values['follow'] === true) await world.timers.sleep(500);
    } while (values['follow'] === true);
    const cost = costLine(costs);
    if (cost !== undefined) terminal.error(cost);
    return 0;
  },
  iam: async (words) => {
    const { values, positionals } = parse(words, {
      ...COMMON,
      role: { type: 'string' },
      user: { type: 'string' },
      since: { type: 'string' },
    });
    return iam({ ...(await openSession(values)), words: positionals, values });
  },
  dynamodb: async (words) => {
    const { values, positionals } = parse(words, COMMON);
    return dynamodb({ ...(await openSession(values)), words: positionals });
  },
  runtimes: async (words) => {
    const { values, positionals } = parse(words, COMMON);
    const [verb, runtime, ...rest] = positionals;
    if (verb === 'install' && runtime !== undefined && rest.length === 0) {
      return installRuntime(runtime, installedRuntimesFolder(), processTerminal());
    }
    if (verb !== undefined) throw new UsageError(RUNTIMES_USAGE);
    const { client, terminal } = await openSession(values);
    return listRuntimes(client, terminal);
  },
  status: async (words) => {
    const { values } = parse(words, COMMON);
    const { client, terminal } = await openSession(values);
    const health = await send(client.endpoint, 'GET', '/_lambent/health');
    const { status, version, services, isolation } = JSON.parse(health.body.toString('utf8')) as {
      status: string;
      version: string;
      services: string[];
      isolation: string;
    };
    terminal.out(`lambent ${version} ${status} on ${client.endpoint}`);
    terminal.out(`services   ${services.join(' ')}`);
    terminal.out(`functions  ${isolation.replaceAll('\n  ', `\n${' '.repeat(11)}`)}`);
    return 0;
  },
  clock: async (words) => {
    const { values } = parse(words, { ...COMMON, advance: { type: 'string' }, set: { type: 'string' } });
    const { client, terminal } = await openSession(values);
    const move =
      values['advance'] !== undefined
        ? { advanceSeconds: Number(values['advance']) }
        : values['set'] !== undefined
          ? { set: values['set'] }
          : undefined;
    const answer = await send(
      client.endpoint,
      move === undefined ? 'GET' : 'POST',
      '/_lambent/clock',
      {},
      move === undefined ? '' : JSON.stringify(move),
    );
    terminal.out(answer.body.toString('utf8'));
    return answer.status === 200 ? 0 : 1;
  },
};

const HELP = `lambent: a serverless cloud in one process

  lambent up [TEMPLATE] [--port 4566] [--host 127.0.0.1] [--data DIR | --ephemeral]
             [--account 000000000000] [--region us-east-1] [--iam enforce|audit] [--watch] [--quiet]
  lambent deploy TEMPLATE [--stack NAME] [--parameter KEY=VALUE]…
  lambent delete STACK
  lambent invoke FUNCTION [--payload JSON]
  lambent logs FUNCTION [-f]
  ${DYNAMODB_USAGE}
  ${IAM_USAGE}
  ${RUNTIMES_USAGE}
  lambent status
  lambent clock [--advance SECONDS | --set TIME]
  lambent version

The other commands talk to a running server, found by --endpoint, its data folder (--data) or AWS_ENDPOINT_URL.`;

/** Runs a command other than `up`. Resolves with the exit code. */
export async function run(name: string, words: readonly string[]): Promise<number> {
  if (name === 'help' || [name, ...words].some((word) => word === '--help' || word === '-h')) {
    processTerminal().out(HELP);
    return 0;
  }
  if (name === 'version' || name === '--version' || name === '-v') {
    processTerminal().out(packageVersion());
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new UsageError(`there is no command ${name}; try lambent help`);
  try {
    return await command(words);
  } catch (error) {
    const refused = (error as { code?: string }).code === 'ECONNREFUSED';
    if (!refused && !(error instanceof AnsweredError || error instanceof DeployError)) throw error;
    processTerminal().error(
      `lambent: ${refused ? 'no server answers; start one with: lambent up' : (error as Error).message}`,
    );
    return 1;
  }
}
