import type { ProtocolName } from '../model/model.ts';
import { awsJson } from './aws-json.ts';
import { ec2Query } from './ec2-query.ts';
import type { Protocol } from './protocol.ts';
import { WireFault } from './protocol.ts';
import { awsQuery } from './query.ts';
import { restJson } from './rest-json.ts';
import { restXml } from './rest-xml.ts';

const PROTOCOLS: Readonly<Partial<Record<ProtocolName, Protocol>>> = {
  json: awsJson,
  query: awsQuery,
  ec2: ec2Query,
  'rest-json': restJson,
  'rest-xml': restXml,
};

/** The codec of a protocol. */
export function protocolOf(name: ProtocolName): Protocol {
  const protocol = PROTOCOLS[name];
  if (!protocol) throw new WireFault('NotImplemented', `${name} is not spoken here`, 501);
  return protocol;
}
