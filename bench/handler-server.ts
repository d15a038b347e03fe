// The bench's handler behind a bare `node:http` server: what API Gateway and Lambda are measured against.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const [source = ''] = process.argv.slice(2);
const { handler } = (await import(source)) as {
  handler: (event: unknown) => Promise<{ statusCode: number; headers: Record<string, string>; body: string }>;
};
const server = createServer((request, response) => {
  const index = request.url?.split('/').at(-1);
  handler({ pathParameters: { index } }).then(({ statusCode, headers, body }) => {
    response.writeHead(statusCode, { ...headers, 'content-length': Buffer.byteLength(body) });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`ready ${(server.address() as AddressInfo).port}\n`);
});
