import { after } from 'node:test';
import { type Lambent, type LambentOptions, startLambent } from 'lambent/testing';

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** What an SDK client of a test is made with. Nothing is tried twice, so that every failure shows. */
export interface ClientConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Keys;
  readonly maxAttempts: 1;
  /** S3's clients alone look at it. */
  readonly forcePathStyle: true;
}

interface Client {
  destroy(): void;
}

/** The server of one test file. */
export interface TestServer extends Lambent {
  /** A client of this server, destroyed with it; root of the default account unless `more` says otherwise. */
  client<C extends Client>(
    make: new (config: ClientConfig) => C,
    more?: Partial<Pick<ClientConfig, 'region' | 'credentials'>>,
  ): C;
}

/** Starts a server that stops after the file's tests: `const lambent = await withLambent()` at the top of the file. */
export async function withLambent(options: LambentOptions = {}): Promise<TestServer> {
  const lambent = await startLambent(options);
  const { endpoint, region, credentials } = lambent;
  const clients: Client[] = [];
  after(async () => {
    for (const client of clients) client.destroy();
    await lambent.stop();
  });
  return {
    ...lambent,
    client: (make, more) => {
      const client = new make({
        endpoint,
        region,
        credentials,
        maxAttempts: 1,
        forcePathStyle: true,
        ...more,
      });
      clients.push(client);
      return client;
    },
  };
}
