import type { CloudtrailOperations } from '../../model/gen/cloudtrail.ts';
import type { Authorisation } from '../../service/service.ts';

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html */
export const authorisation = {
  LookupEvents: () => [{ action: 'cloudtrail:LookupEvents', resource: '*' }],
} satisfies Authorisation<CloudtrailOperations>;
