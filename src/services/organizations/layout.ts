import type {
  CreateAccountFailureReason,
  CreateAccountState,
  PolicyType,
} from '../../model/gen/organizations.ts';
import { keyspace, rows } from '../../store/keyspace.ts';

/** Organizations span accounts, so their rows are under none. */
export const layout = keyspace('organizations', {
  /** An organization whole: it is small, and its rules are about all of it. */
  organizations: rows<[id: string], OrganizationRow>('organizations'),
  /** The organization of each account that has one. */
  members: rows<[account: string], string>('members'),
  handshakes: rows<[id: string], HandshakeRow>('handshakes'),
  /** Invitations by whom they are to and from. */
  handshakesOf: rows<[party: 'account' | 'organization', id: string, handshake: string], true>(
    'handshakes-of',
  ),
}).global();

/** The kinds of policy that have an effect here. */
export type ControlType = 'SERVICE_CONTROL_POLICY' | 'RESOURCE_CONTROL_POLICY';

export interface OrganizationRow {
  /** o-… */
  readonly id: string;
  /** r-… */
  readonly rootId: string;
  readonly managementAccount: string;
  readonly managementEmail: string;
  readonly featureSet: 'ALL' | 'CONSOLIDATED_BILLING';
  readonly enabledTypes: readonly PolicyType[];
  readonly units: Readonly<Record<string, UnitRow>>;
  readonly accounts: Readonly<Record<string, AccountRow>>;
  readonly policies: Readonly<Record<string, PolicyRow>>;
  /** Policy ids by root, unit or account, in the order they were attached. */
  readonly attachments: Readonly<Record<string, readonly string[]>>;
  /** By the id of what is tagged. */
  readonly tags: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Service principals with access, and since when. */
  readonly serviceAccess: Readonly<Record<string, number>>;
  readonly creations: Readonly<Record<string, CreationRow>>;
  /** By which members manage policies in the management account's place. */
  readonly resourcePolicy?: { readonly id: string; readonly content: string };
  /** Accounts that administer services for the organization, and since when. */
  readonly delegations?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface UnitRow {
  readonly name: string;
  readonly parentId: string;
}

export interface AccountRow {
  readonly name: string;
  readonly email: string;
  readonly parentId: string;
  readonly joined: 'CREATED' | 'INVITED';
  readonly joinedAtMs: number;
  /** Set when it was closed: nobody of it may do anything any more. */
  readonly closedAtMs?: number;
}

export interface PolicyRow {
  readonly type: PolicyType;
  readonly name: string;
  readonly description: string;
  readonly content: string;
}

export interface CreationRow {
  readonly accountName: string;
  readonly state: CreateAccountState;
  readonly requestedAtMs: number;
  readonly completedAtMs?: number;
  readonly account?: string;
  readonly failure?: CreateAccountFailureReason;
}

/** An invitation into an organization, or a part of turning all its features on. */
export interface HandshakeRow {
  /** h-… */
  readonly id: string;
  readonly organizationId: string;
  readonly managementAccount: string;
  readonly managementEmail: string;
  /** Absent: an invitation. */
  readonly action?: 'ENABLE_ALL_FEATURES' | 'APPROVE_ALL_FEATURES';
  /** Of an approval: what it is an approval of. */
  readonly parentId?: string;
  /** The account that answers. */
  readonly target: string;
  readonly notes?: string;
  readonly tags: readonly { readonly Key: string; readonly Value: string }[];
  /** `REQUESTED` waits for approvals. */
  readonly state: 'REQUESTED' | 'OPEN' | 'ACCEPTED' | 'DECLINED' | 'CANCELED';
  readonly requestedAtMs: number;
  readonly expiresAtMs: number;
}
