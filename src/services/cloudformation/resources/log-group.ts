import { formatArn } from '../../../base/arn.ts';
import type { ValueMap } from '../template/value.ts';
import { pick, refuseOthers, tagChange, tagMap, textIn } from './property.ts';
import type { ResourceProvider, ResourceScope } from './provider.ts';

const SUPPORTED = ['LogGroupName', 'RetentionInDays', 'Tags', 'KmsKeyId', 'LogGroupClass'];

function arnOf({ region, account }: ResourceScope, name: string): string {
  return formatArn('logs', region, account, `log-group:${name}`);
}

async function setRetention(name: string, wanted: ValueMap, scope: ResourceScope): Promise<void> {
  const { RetentionInDays: days } = wanted;
  if (days === undefined) await scope.call('logs', 'DeleteRetentionPolicy', { logGroupName: name });
  else await scope.call('logs', 'PutRetentionPolicy', { logGroupName: name, retentionInDays: days });
}

/** AWS::Logs::LogGroup */
export const logGroup: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, SUPPORTED);
    const name = textIn(wanted, 'LogGroupName') ?? scope.name(512);
    const tags = tagMap(wanted['Tags']);
    await scope.call('logs', 'CreateLogGroup', {
      logGroupName: name,
      ...(wanted['KmsKeyId'] === undefined ? {} : { kmsKeyId: wanted['KmsKeyId'] }),
      ...(wanted['LogGroupClass'] === undefined ? {} : { logGroupClass: wanted['LogGroupClass'] }),
      ...(Object.keys(tags).length === 0 ? {} : { tags }),
    });
    scope.stands(name);
    if (wanted['RetentionInDays'] !== undefined) await setRetention(name, wanted, scope);
    return { physicalId: name, attributes: { Arn: `${arnOf(scope, name)}:*` } };
  },

  async update({ physicalId, attributes, properties }, wanted, scope) {
    refuseOthers(scope.type, wanted, SUPPORTED);
    const { set, removed } = tagChange(properties, wanted);
    const resourceArn = arnOf(scope, physicalId);
    if (Object.keys(set).length > 0) await scope.call('logs', 'TagResource', { resourceArn, tags: set });
    if (removed.length > 0) await scope.call('logs', 'UntagResource', { resourceArn, tagKeys: removed });
    const keys = pick(wanted, ['KmsKeyId']);
    if (keys['KmsKeyId'] !== properties['KmsKeyId']) {
      const logGroupName = physicalId;
      if (keys['KmsKeyId'] === undefined) await scope.call('logs', 'DisassociateKmsKey', { logGroupName });
      else await scope.call('logs', 'AssociateKmsKey', { logGroupName, kmsKeyId: keys['KmsKeyId'] });
    }
    await setRetention(physicalId, wanted, scope);
    return { physicalId, attributes };
  },

  async remove({ physicalId }, { call }) {
    await call('logs', 'DeleteLogGroup', { logGroupName: physicalId });
    return undefined;
  },
};
