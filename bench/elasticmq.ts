import { startJava } from './java-server.ts';
import type { PeerServer } from './peer-server.ts';

/** ElasticMQ, in memory, where Java is; a text says why it cannot be had. */
export function startElasticmq(): Promise<PeerServer | string> {
  return startJava({
    group: 'org.elasticmq',
    artifact: 'elasticmq-server_2.13',
    version: '1.6.12',
    main: 'org.elasticmq.server.Main',
    options: (_folder, port) => [
      '-Drest-sqs.bind-hostname=127.0.0.1',
      `-Drest-sqs.bind-port=${port}`,
      '-Dnode-address.host=127.0.0.1',
      `-Dnode-address.port=${port}`,
      '-Drest-stats.enabled=false',
    ],
  });
}
