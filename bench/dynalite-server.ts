// dynalite, in memory or in the folder given, as a server of its own.
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';

const [path] = process.argv.slice(2);
const dynalite = createRequire(import.meta.url)('dynalite') as (options: object) => {
  listen(port: number, host: string, ready: () => void): void;
  address(): AddressInfo;
};
const server = dynalite({ createTableMs: 0, ...(path === undefined ? {} : { path }) });
server.listen(0, '127.0.0.1', () => process.stdout.write(`ready ${server.address().port}\n`));
