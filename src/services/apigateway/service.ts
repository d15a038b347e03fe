import { defineService } from '../../service/service.ts';
import { account } from './account.ts';
import { apiKeys } from './api-keys.ts';
import { apis } from './apis.ts';
import { authorisationOf } from './authorisation.ts';
import { authorizers } from './authorizers.ts';
import { deployments } from './deployments.ts';
import { exports } from './exports.ts';
import { frontDoor } from './front-door.ts';
import { gatewayResponses } from './gateway-responses.ts';
import { imports } from './imports.ts';
import { integrations } from './integrations.ts';
import { methods } from './methods.ts';
import { models } from './models.ts';
import { resources } from './resources.ts';
import { stages } from './stages.ts';
import { tags } from './tags.ts';
import { testInvocations } from './test-invocations.ts';
import { usagePlans } from './usage-plans.ts';
import { usages } from './usages.ts';
import { validators } from './validators.ts';

const operations = {
  ...account,
  ...apiKeys,
  ...apis,
  ...authorizers,
  ...deployments,
  ...exports,
  ...gatewayResponses,
  ...imports,
  ...integrations,
  ...methods,
  ...models,
  ...resources,
  ...stages,
  ...tags,
  ...testInvocations,
  ...usagePlans,
  ...usages,
  ...validators,
};

/** Amazon API Gateway's REST APIs: their definition, and the front door that serves them. */
export const apigateway = defineService({
  name: 'apigateway',
  model: 'apigateway',
  operations,
  authorisation: authorisationOf(Object.keys(operations)),
  frontDoors: [frontDoor],
});
