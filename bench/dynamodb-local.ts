import { startJava } from './java-server.ts';
import type { PeerServer } from './peer-server.ts';

/** Amazon's DynamoDB Local, in memory, where Java is; a text says why it cannot be had. */
export function startDynamodbLocal(): Promise<PeerServer | string> {
  return startJava({
    group: 'com.amazonaws',
    artifact: 'DynamoDBLocal',
    // Newer ones need a newer Java than 17.
    version: '2.6.1',
    main: 'com.amazonaws.services.dynamodbv2.local.main.ServerRunner',
    options: (folder) => [`-Djava.library.path=${folder}`],
    words: (port) => ['-inMemory', '-sharedDb', '-disableTelemetry', '-port', String(port)],
  });
}
