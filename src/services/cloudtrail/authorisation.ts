import type { CloudtrailOperations, Tag } from '../../model/gen/cloudtrail.ts';
import type { ContextValues } from '../../policy/request.ts';
import { passingRole } from '../../service/passing-role.ts';
import type { ActionRequest, Authorisation, AuthorisationScope } from '../../service/service.ts';
import { findTrail, trailArn } from './trail.ts';

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html */
async function onTrail(
  action: string,
  name: string,
  scope: AuthorisationScope,
  context?: ContextValues,
): Promise<readonly ActionRequest[]> {
  const { account, region } = scope;
  const resource = await trailNamed(name, scope);
  // A denial tells nobody where there is such a trail.
  const named = name.startsWith('arn:') ? name : trailArn(account, { homeRegion: region, name });
  return [{ action: `cloudtrail:${action}`, resource, named, ...(context === undefined ? {} : { context }) }];
}

/** A trail of all regions answers to its name in each; it is judged as what it is, at home. */
async function trailNamed(name: string, { account, region, ctx }: AuthorisationScope): Promise<string> {
  if (name.startsWith('arn:')) return name;
  const found = await findTrail(ctx.store, account, region, name);
  return trailArn(account, found ?? { homeRegion: region, name });
}

/** What members may see of their organization's trails, which are the management account's: their own policies say. */
async function onSeenTrail(action: string, name: string, scope: AuthorisationScope) {
  const { account } = scope;
  return (await onTrail(action, name, scope)).map((request) => ({ ...request, resourceAccount: account }));
}

function passing(trail: string, role: string | undefined): readonly ActionRequest[] {
  return role === undefined || role === '' ? [] : [passingRole(role, 'cloudtrail.amazonaws.com', trail)];
}

function onAll(action: string) {
  return () => [{ action: `cloudtrail:${action}`, resource: '*' }];
}

function tagKeys(tags: readonly Tag[] = []): ContextValues {
  if (tags.length === 0) return {};
  return {
    'aws:TagKeys': tags.map(({ Key }) => Key),
    ...Object.fromEntries(tags.map(({ Key, Value = '' }) => [`aws:RequestTag/${Key}`, Value])),
  };
}

export const authorisation = {
  LookupEvents: onAll('LookupEvents'),
  CreateTrail: ({ Name, TagsList, CloudWatchLogsRoleArn: role }, { account, region }) => {
    const resource = trailArn(account, { homeRegion: region, name: Name });
    const own = { action: 'cloudtrail:CreateTrail', resource, context: tagKeys(TagsList) };
    const tagging = { ...own, action: 'cloudtrail:AddTags' };
    return [own, ...((TagsList ?? []).length === 0 ? [] : [tagging]), ...passing(resource, role)];
  },
  UpdateTrail: async ({ Name, CloudWatchLogsRoleArn: role }, scope) => {
    const own = await onTrail('UpdateTrail', Name, scope);
    return [...own, ...own.flatMap(({ resource }) => passing(resource, role))];
  },
  DeleteTrail: ({ Name }, scope) => onTrail('DeleteTrail', Name, scope),
  GetTrail: ({ Name }, scope) => onSeenTrail('GetTrail', Name, scope),
  DescribeTrails: onAll('DescribeTrails'),
  ListTrails: onAll('ListTrails'),
  GetTrailStatus: ({ Name }, scope) => onSeenTrail('GetTrailStatus', Name, scope),
  StartLogging: ({ Name }, scope) => onTrail('StartLogging', Name, scope),
  StopLogging: ({ Name }, scope) => onTrail('StopLogging', Name, scope),
  PutEventSelectors: ({ TrailName }, scope) => onTrail('PutEventSelectors', TrailName, scope),
  GetEventSelectors: ({ TrailName }, scope) => onSeenTrail('GetEventSelectors', TrailName, scope),
  AddTags: ({ ResourceId, TagsList }, scope) => onTrail('AddTags', ResourceId, scope, tagKeys(TagsList)),
  RemoveTags: ({ ResourceId, TagsList }, scope) =>
    onTrail('RemoveTags', ResourceId, scope, { 'aws:TagKeys': TagsList.map(({ Key }) => Key) }),
  ListTags: async ({ ResourceIdList }, scope) =>
    (await Promise.all(ResourceIdList.map((id) => onTrail('ListTags', id, scope)))).flat(),
  ListPublicKeys: onAll('ListPublicKeys'),
} satisfies Authorisation<CloudtrailOperations>;
