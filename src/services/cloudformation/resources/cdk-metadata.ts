import type { ResourceProvider } from './provider.ts';

/** AWS::CDK::Metadata: what the CDK notes about a stack's constructs. Nothing is made of it. */
export const cdkMetadata: ResourceProvider = {
  async create(_wanted, { ctx }) {
    return { physicalId: ctx.world.random.uuid(), attributes: {} };
  },
  async update({ physicalId }) {
    return { physicalId, attributes: {} };
  },
  async remove() {
    return undefined;
  },
};
