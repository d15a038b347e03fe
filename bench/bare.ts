// A bare `node:http` server that answers a fixed 200-byte JSON: what every figure is a ratio of. Asked for `/cpu` it
// tells the processor time it has used.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const body = JSON.stringify({ message: 'x'.repeat(200 - '{"message":""}'.length) });
const server = createServer((request, response) => {
  if (request.url === '/cpu') {
    response.end(JSON.stringify(process.cpuUsage()));
    return;
  }
  request.on('data', () => {});
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`ready ${(server.address() as AddressInfo).port}\n`);
});
