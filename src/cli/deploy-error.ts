/** Why a template could not be deployed, told to whoever wrote it: what does not read, or CloudFormation's first reason. */
export class DeployError extends Error {
  override readonly name = 'DeployError';
}
