import type { Handshake, HandshakeResource, HandshakeState } from '../../model/gen/organizations.ts';
import type { Reader } from '../../store/store.ts';
import { type HandshakeRow, layout } from './layout.ts';

/** Handshakes as answers show them, and where they stand. */
export function stateOf({ state, expiresAtMs }: HandshakeRow, nowMs: number): HandshakeState {
  const pending = state === 'OPEN' || state === 'REQUESTED';
  return pending && nowMs >= expiresAtMs ? 'EXPIRED' : state;
}

export async function handshakesOf(
  reader: Reader,
  party: 'account' | 'organization',
  id: string,
): Promise<readonly HandshakeRow[]> {
  const keys = await layout.handshakesOf.all(reader, [party, id]);
  const rows = await Promise.all(keys.map(({ key }) => layout.handshakes.get(reader, [key[2]])));
  return rows.filter((row) => row !== undefined);
}

export function shownHandshake(row: HandshakeRow, nowMs: number): Handshake {
  const { id, organizationId, target, action = 'INVITE' } = row;
  const organization = { Id: organizationId.slice(2), Type: 'ORGANIZATION' as const };
  return {
    Id: id,
    Arn: handshakeArn(row),
    Parties:
      action === 'ENABLE_ALL_FEATURES' ? [organization] : [organization, { Id: target, Type: 'ACCOUNT' }],
    State: stateOf(row, nowMs),
    RequestedTimestamp: new Date(row.requestedAtMs),
    ExpirationTimestamp: new Date(row.expiresAtMs),
    Action: action,
    Resources: resourcesOf(row),
  };
}

function resourcesOf(row: HandshakeRow): HandshakeResource[] {
  const { organizationId, managementAccount, managementEmail, target, notes, action, parentId } = row;
  if (action === 'ENABLE_ALL_FEATURES') return [{ Type: 'ORGANIZATION', Value: organizationId }];
  const facts: HandshakeResource[] = [
    { Type: 'MASTER_EMAIL', Value: managementEmail },
    { Type: 'MASTER_NAME', Value: `account ${managementAccount}` },
    { Type: 'ORGANIZATION_FEATURE_SET', Value: 'ALL' },
  ];
  return [
    { Type: 'ORGANIZATION', Value: organizationId, Resources: facts },
    { Type: 'ACCOUNT', Value: target },
    ...(parentId === undefined ? [] : [{ Type: 'PARENT_HANDSHAKE' as const, Value: parentId }]),
    ...(notes === undefined ? [] : [{ Type: 'NOTES' as const, Value: notes }]),
  ];
}

export function handshakeArn({ managementAccount, organizationId, id, action }: HandshakeRow): string {
  const kind = (action ?? 'invite').toLowerCase();
  return `arn:aws:organizations::${managementAccount}:handshake/${organizationId}/${kind}/${id}`;
}
