import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe } from 'node:test';
import { createRuntimes } from '../../src/runtimes/runtimes.ts';
import { plainProcesses, probeSandbox, type Sandbox } from '../../src/runtimes/sandbox.ts';
import type { EnvironmentSpec, Invocation, InvocationResult, Runtimes } from '../../src/service/runtimes.ts';
import { realWorld } from '../../src/world/real.ts';

export const world = realWorld();
export const folder = mkdtempSync(join(tmpdir(), 'lambent-runtimes-'));
export const sandbox = await probeSandbox();

let codeFolders = 0;
export function code(files: Readonly<Record<string, string>>, mode = 0o644): string {
  const at = join(folder, 'code', String(codeFolders++));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(at, name)), { recursive: true });
    writeFileSync(join(at, name), text, { mode });
  }
  return at;
}

export const logged: { text: string; requestId: string | undefined }[] = [];

export function specOf(codeFolder: string, more: Partial<EnvironmentSpec> = {}): EnvironmentSpec {
  const functionArn = `arn:aws:lambda:us-east-1:000000000000:function:${codeFolder.split('/').at(-1)}`;
  return {
    functionKey: `${functionArn}:$LATEST`,
    revision: '1',
    runtime: 'nodejs20.x',
    handler: 'index.handler',
    codeFolder,
    layerFolders: [],
    memoryMb: 128,
    ephemeralStorageMb: 512,
    timeoutMs: 10_000,
    environment: (id) => ({
      AWS_LAMBDA_FUNCTION_NAME: 'f',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/f',
      AWS_LAMBDA_LOG_STREAM_NAME: id,
      GREETING: 'hello',
    }),
    credentials: async () => ({
      accessKeyId: 'ASIA',
      secretAccessKey: 's',
      sessionToken: 't',
      expiresAtMs: world.clock.now() + 3_600_000,
    }),
    onLog: ({ text, requestId }) => logged.push({ text, requestId }),
    functionArn,
    ...more,
  };
}

export function invocationOf(
  spec: EnvironmentSpec,
  payload: unknown,
  more: Partial<Invocation> = {},
): Invocation {
  return {
    requestId: world.random.uuid(),
    payload: Buffer.from(JSON.stringify(payload)),
    functionArn: spec.functionArn,
    traceHeader: 'Root=1-5-6',
    clientContext: undefined,
    cognitoIdentity: undefined,
    signal: undefined,
    ...more,
  };
}

export function json(result: InvocationResult): unknown {
  return JSON.parse(Buffer.from(result.payload).toString());
}

after(() => rmSync(folder, { recursive: true, force: true }));

export type Run = (
  spec: EnvironmentSpec,
  payload: unknown,
  more?: Partial<Invocation>,
) => Promise<InvocationResult>;

/** Tests of one way to keep processes apart, with runtimes of their own. */
export function suite(chosen: Sandbox, tests: (run: Run, runtimes: () => Runtimes) => void): void {
  describe(chosen.sandboxed ? 'in a sandbox' : 'as plain processes', () => {
    let runtimes: Runtimes;
    // Runtimes keep no process alive by themselves; in a server its sockets do.
    let alive: NodeJS.Timeout;
    before(async () => {
      alive = setInterval(() => {}, 60_000);
      // One folder for both: what is compiled for the one serves the other.
      runtimes = await createRuntimes({ world, folder: join(folder, 'runtimes'), sandbox: chosen });
    });
    after(async () => {
      clearInterval(alive);
      await runtimes.close();
    });
    tests(
      (spec, payload, more = {}) => runtimes.invoke(spec, invocationOf(spec, payload, more)),
      () => runtimes,
    );
  });
}

/** The same tests in a sandbox, where the machine has one, and as plain processes. */
export function bothWays(tests: (run: Run, runtimes: () => Runtimes) => void): void {
  if (sandbox.sandboxed) suite(sandbox, tests);
  suite(plainProcesses('tests'), tests);
}
