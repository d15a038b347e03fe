import { packageVersion } from './base/package-folder.ts';
import { AnsweredError, Client, send } from './cli/client.ts';
import { type Deployed, deploy, stackNameOf } from './cli/deploy.ts';
import { DeployError } from './cli/deploy-error.ts';
import { parseUp, type UpOptions } from './cli/options.ts';
import { run } from './cli/run.ts';
import { processTerminal, type Terminal } from './cli/terminal.ts';
import { watchSources } from './cli/watch.ts';
import { type Cloud, startCloud } from './cloud.ts';
import { runningServer, UnreadableFolder } from './data-folder.ts';
import type { Level } from './gateway/log.ts';
import { tuneCollector } from './world/collector.ts';
import { environment } from './world/environment.ts';
import { realWorld } from './world/real.ts';
import type { Cancel } from './world/world.ts';

function rootKey() {
  const accessKeyId = environment('LAMBENT_ROOT_KEY');
  const secretAccessKey = environment('LAMBENT_ROOT_SECRET');
  return accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined;
}

async function describeOccupant(host: string, port: number): Promise<string> {
  try {
    const answer = await send(`http://${host}:${port}`, 'GET', '/_localstack/health');
    const edition = /"edition"\s*:\s*"([^"]+)"/.exec(answer.body.toString('utf8'))?.[1];
    if (edition === 'lambent') return 'another Lambent answers there';
    if (edition !== undefined) return 'LocalStack, or a relative of it, answers there';
    return 'some other HTTP server answers there';
  } catch {
    return 'something that does not speak HTTP holds it';
  }
}

async function open(
  options: UpOptions,
  terminal: Terminal,
  logLevel: () => Level,
): Promise<Cloud | undefined> {
  const { dataFolder, host, port } = options;
  const running = dataFolder === undefined ? undefined : await runningServer(dataFolder);
  if (running !== undefined) {
    terminal.error(`lambent: ${running.endpoint} already serves ${dataFolder} (process ${running.pid}).`);
    terminal.error('         Use it, stop it, or choose another folder with --data or --ephemeral.');
    return undefined;
  }
  try {
    return await startCloud({
      world: realWorld(),
      version: packageVersion(),
      dataFolder,
      port,
      host,
      account: options.account,
      region: options.region,
      iam: options.iam,
      rootKey: rootKey(),
      writeLog: (text) => process.stdout.write(text),
      logLevel,
    });
  } catch (error) {
    if (error instanceof UnreadableFolder) {
      terminal.error(`lambent: ${error.message}.`);
      terminal.error('         Move it away, or choose another folder with --data or --ephemeral.');
      return undefined;
    }
    if ((error as { code?: string }).code !== 'EADDRINUSE') throw error;
    terminal.error(`lambent: port ${port} is busy: ${await describeOccupant(host, port)}.`);
    terminal.error(`         Try: lambent up --port ${port + 1}`);
    return undefined;
  }
}

function summary(cloud: Cloud, options: UpOptions, deployed: Deployed | undefined): readonly string[] {
  const key = cloud.madeRootKey ?? rootKey();
  const lines = [
    '',
    `  Data         ${cloud.dataFolder}${options.dataFolder === undefined ? '  (removed when the server stops)' : ''}`,
    `  Functions    ${cloud.isolation.replaceAll('\n  ', `\n${' '.repeat(15)}`)}`,
    `  Permissions  ${options.iam === 'enforce' ? 'enforced; every denial says which statement is missing' : 'audited: nothing is denied, what would be is reported'}`,
    `  Credentials  AWS_ACCESS_KEY_ID=${key?.accessKeyId ?? 'test'} AWS_SECRET_ACCESS_KEY=${cloud.madeRootKey?.secretAccessKey ?? (key === undefined ? 'test' : '(yours)')}`,
    // boto3 and older clients read the second.
    `  Region       AWS_REGION=${options.region} AWS_DEFAULT_REGION=${options.region}`,
    `  Point at it  export AWS_ENDPOINT_URL=${cloud.endpoint}`,
    `  Inbox        ${cloud.endpoint}/_lambent/inbox`,
  ];
  if (deployed !== undefined) {
    lines.push('', `  Stack ${deployed.stackName}${deployed.changed ? '' : ' (unchanged)'}`);
    const width = Math.max(0, ...deployed.outputs.map(({ key: name }) => name.length));
    for (const { key: name, value } of deployed.outputs) lines.push(`    ${name.padEnd(width)}  ${value}`);
  }
  return [...lines, ''];
}

const STOPPED = Symbol('stopped');

/** `lambent up`: serves until it is told to stop. Resolves with the exit code. */
export async function up(words: readonly string[]): Promise<number> {
  if (words.includes('--help') || words.includes('-h')) return run('help', []);
  const options = parseUp(words);
  const terminal = processTerminal();
  // Requests are shown once the summary is: before it they are the deployment's own.
  let level: Level = 'warn';
  const cloud = await open(options, terminal, () => level);
  if (cloud === undefined) return 1;
  tuneCollector();
  const world = realWorld();
  const client = new Client({
    endpoint: cloud.endpoint,
    region: options.region,
    credentials: cloud.madeRootKey ?? rootKey() ?? { accessKeyId: 'test', secretAccessKey: 'test' },
    nowMs: () => world.clock.realNow(),
  });
  const stopped = new Promise<typeof STOPPED>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve(STOPPED));
  });
  const request =
    options.template === undefined
      ? undefined
      : {
          template: options.template,
          stackName: stackNameOf(options.template),
          account: options.account,
          parameters: {},
        };
  let unwatch: Cancel | undefined;
  try {
    const deploying = request === undefined ? undefined : deploy(client, world, terminal, request);
    const deployed = await Promise.race([deploying, stopped]);
    if (deployed === STOPPED) {
      await cloud.close();
      return 0;
    }
    for (const line of summary(cloud, options, deployed)) terminal.out(line);
    terminal.out(`lambent ready on ${cloud.endpoint}`);
    if (!options.quiet) level = 'info';
    if (options.watch && request !== undefined && deployed !== undefined) {
      unwatch = watchSources(
        world,
        deployed.sources,
        async () => {
          const again = await deploy(client, world, terminal, request);
          if (again.changed) terminal.out(`${again.stackName} updated`);
          return again.sources;
        },
        (error) => terminal.error(`lambent: ${error instanceof Error ? error.message : String(error)}`),
      );
    }
  } catch (error) {
    if (!(error instanceof DeployError || error instanceof AnsweredError)) throw error;
    terminal.error(`lambent: ${error.message}`);
    await cloud.close();
    return 1;
  }
  await stopped;
  unwatch?.();
  await cloud.close();
  return 0;
}
