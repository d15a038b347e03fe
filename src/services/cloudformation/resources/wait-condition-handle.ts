import type { ResourceProvider } from './provider.ts';

/** AWS::CloudFormation::WaitConditionHandle without a condition that waits on it: templates use it as an empty resource. */
export const waitConditionHandle: ResourceProvider = {
  async create(_wanted, scope) {
    const address = await scope.openCallback(scope.logicalId);
    return { physicalId: address, attributes: {} };
  },
  async remove() {
    return undefined;
  },
};
