import type { ProtocolName } from '../model/model.ts';
import { awsJson } from './aws-json.ts';
import type { Protocol } from './protocol.ts';
import { WireFault } from './protocol.ts';

const PROTOCOLS: Readonly<Partial<Record<ProtocolName, Protocol>>> = { json: awsJson };

/** The codec of a protocol. */
export function protocolOf(name: ProtocolName): Protocol {
  const protocol = PROTOCOLS[name];
  if (!protocol) throw new WireFault('NotImplemented', `${name} is not spoken here`, 501);
  return protocol;
}
