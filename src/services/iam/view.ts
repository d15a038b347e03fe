import type { AttachedPermissionsBoundary, Group, Role, RoleLastUsed, User } from '../../model/gen/iam.ts';
import { encodeDocument } from './fault.ts';
import { identityArn } from './identity.ts';
import type { GroupRow, RoleRow, UserRow } from './layout.ts';
import { shownTagsIfAny } from './tag.ts';

/** Identities as answers show them. Lists leave out tags and boundaries, as AWS's do. */
export function listedUser(row: UserRow, account: string): User {
  return {
    Path: row.path,
    UserName: row.name,
    UserId: row.id,
    Arn: identityArn(account, 'user', row),
    CreateDate: new Date(row.createdAtMs),
  };
}

export function shownUser(row: UserRow, account: string): User {
  return {
    ...listedUser(row, account),
    PermissionsBoundary: shownBoundary(row.boundary),
    Tags: shownTagsIfAny(row.tags),
  };
}

export function shownGroup(row: GroupRow, account: string): Group {
  return {
    Path: row.path,
    GroupName: row.name,
    GroupId: row.id,
    Arn: identityArn(account, 'group', row),
    CreateDate: new Date(row.createdAtMs),
  };
}

/** `trust` is the trust policy as it is shown: see `trust-policy.ts`. */
export function createdRole(row: RoleRow, account: string, trust: string): Role {
  return {
    Path: row.path,
    RoleName: row.name,
    RoleId: row.id,
    Arn: identityArn(account, 'role', row),
    CreateDate: new Date(row.createdAtMs),
    AssumeRolePolicyDocument: encodeDocument(trust),
    Description: row.description,
    PermissionsBoundary: shownBoundary(row.boundary),
    Tags: shownTagsIfAny(row.tags),
  };
}

export function listedRole(row: RoleRow, account: string, trust: string): Role {
  const { PermissionsBoundary: _boundary, Tags: _tags, ...role } = createdRole(row, account, trust);
  return { ...role, MaxSessionDuration: row.maxSessionSeconds };
}

export function shownRole(row: RoleRow, account: string, trust: string, lastUsed: RoleLastUsed = {}): Role {
  return {
    ...createdRole(row, account, trust),
    MaxSessionDuration: row.maxSessionSeconds,
    RoleLastUsed: lastUsed,
  };
}

export function shownBoundary(arn: string | undefined): AttachedPermissionsBoundary | undefined {
  return arn === undefined ? undefined : { PermissionsBoundaryType: 'Policy', PermissionsBoundaryArn: arn };
}
