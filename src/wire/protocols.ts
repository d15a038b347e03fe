import type { ProtocolName } from '../model/model.ts';
import { awsJson } from './aws-json.ts';
import { ec2Query } from './ec2-query.ts';
import type { Protocol } from './protocol.ts';
import { awsQuery } from './query.ts';
import { restJson } from './rest-json.ts';
import { restXml } from './rest-xml.ts';
import { rpcV2Cbor } from './rpc-v2-cbor.ts';

const PROTOCOLS: Readonly<Record<ProtocolName, Protocol>> = {
  json: awsJson,
  query: awsQuery,
  ec2: ec2Query,
  'rest-json': restJson,
  'rest-xml': restXml,
  'smithy-rpc-v2-cbor': rpcV2Cbor,
};

/** The codec of a protocol. */
export function protocolOf(name: ProtocolName): Protocol {
  return PROTOCOLS[name];
}
