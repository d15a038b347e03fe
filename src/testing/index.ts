import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cloud, type OpenStore, startCloud } from '../cloud.ts';
import { realWorld } from '../world/real.ts';

export interface LambentOptions {
  /** Persistent data folder; a temporary one, removed on `stop`, by default. */
  readonly dataFolder?: string;
  /** A free port by default. */
  readonly port?: number;
  readonly account?: string;
  readonly region?: string;
  readonly iam?: 'enforce' | 'audit';
  /** Receives the server's log; it is dropped by default. */
  readonly log?: (text: string) => void;
  /** Another store than the default one. */
  readonly openStore?: OpenStore;
}

/** A server in this process, for tests. */
export interface Lambent {
  /** Pass as `endpoint` to any SDK client. */
  readonly endpoint: string;
  readonly port: number;
  readonly account: string;
  readonly region: string;
  /** Root of the default account. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly cloud: Cloud;
  /** Moves the virtual clock and resolves when everything that fell due has run. */
  advance(seconds: number): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts Lambent in this process on a free port with a data folder of its own:
 *
 *     const lambent = await startLambent();
 *     const dynamodb = new DynamoDBClient({ endpoint: lambent.endpoint, region: lambent.region, credentials: lambent.credentials });
 *     await lambent.stop();
 */
export async function startLambent(options: LambentOptions = {}): Promise<Lambent> {
  const { account = '000000000000', region = 'us-east-1' } = options;
  const temporary =
    options.dataFolder === undefined ? await mkdtemp(join(tmpdir(), 'lambent-test-')) : undefined;
  const cloud = await startCloud({
    world: realWorld(),
    version: 'test',
    dataFolder: options.dataFolder ?? temporary,
    port: options.port ?? 0,
    host: '127.0.0.1',
    account,
    region,
    iam: options.iam ?? 'enforce',
    writeLog: options.log ?? (() => {}),
    openStore: options.openStore,
  });
  return {
    endpoint: cloud.endpoint,
    port: cloud.port,
    account,
    region,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    cloud,
    advance: async (seconds) => {
      const answer = await fetch(`${cloud.endpoint}/_lambent/clock`, {
        method: 'POST',
        body: JSON.stringify({ advanceSeconds: seconds }),
      });
      if (!answer.ok) throw new Error(`the clock refused: ${await answer.text()}`);
    },
    stop: async () => {
      await cloud.close();
      if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
    },
  };
}
