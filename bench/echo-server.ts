// The bench's echo handler behind a bare `node:http` server: what an invoke's overhead is above.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const handler = async (event: unknown): Promise<unknown> => event;

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    handler(JSON.parse(Buffer.concat(parts).toString())).then((answer) => {
      const body = JSON.stringify(answer);
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      });
      response.end(body);
    });
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`ready ${(server.address() as AddressInfo).port}\n`);
});
