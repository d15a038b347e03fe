import type { ApigatewayOperations } from '../../model/gen/apigateway.ts';
import type { Group } from '../../service/service.ts';
import { badRequest } from './fault.ts';
import { completeIntegration, integrationOf, methodOf, saveMethod } from './method.ts';
import { responseOf } from './methods.ts';
import { ANY_OP, entry, type PatchTable, patched, REPLACE, value } from './patch.ts';

export const integrations = {
  PutIntegration: (input, ctx) => {
    const { restApiId: _api, resourceId, httpMethod: _method, integrationHttpMethod, ...rest } = input;
    return ctx.transact(async (tx) => {
      const { resource, method } = await methodOf(ctx, input, tx);
      const integration = completeIntegration(
        {
          ...rest,
          httpMethod: integrationHttpMethod,
          integrationResponses: method.methodIntegration?.integrationResponses,
        },
        resourceId,
      );
      saveMethod(ctx, tx, input, resource, { ...method, methodIntegration: integration });
      return integration;
    });
  },

  GetIntegration: async (input, ctx) => (await integrationOf(ctx, input)).integration,

  UpdateIntegration: (input, ctx) =>
    ctx.transact(async (tx) => {
      const { resource, method, integration } = await integrationOf(ctx, input, tx);
      const next = completeIntegration(
        patched(integration, input.patchOperations, INTEGRATION_PATCH),
        resource.id,
      );
      saveMethod(ctx, tx, input, resource, { ...method, methodIntegration: next });
      return next;
    }),

  DeleteIntegration: async (input, ctx) => {
    await ctx.transact(async (tx) => {
      const { resource, method } = await integrationOf(ctx, input, tx);
      saveMethod(ctx, tx, input, resource, { ...method, methodIntegration: undefined });
    });
    return {};
  },

  PutIntegrationResponse: (input, ctx) => {
    const { restApiId: _api, resourceId: _resource, httpMethod: _method, ...response } = input;
    for (const type of Object.keys(input.responseTemplates ?? {})) {
      if (!type.includes('/'))
        throw badRequest(
          `Validation Result: warnings : [], errors : [Invalid content type specified: ${type}]`,
        );
    }
    return ctx.transact(async (tx) => {
      const { resource, method, integration } = await integrationOf(ctx, input, tx);
      const integrationResponses = { ...integration.integrationResponses, [input.statusCode]: response };
      const methodIntegration = { ...integration, integrationResponses };
      saveMethod(ctx, tx, input, resource, { ...method, methodIntegration });
      return response;
    });
  },

  GetIntegrationResponse: async (input, ctx) => {
    const { integration } = await integrationOf(ctx, input);
    return responseOf(integration.integrationResponses, input.statusCode);
  },

  UpdateIntegrationResponse: (input, ctx) =>
    ctx.transact(async (tx) => {
      const { resource, method, integration } = await integrationOf(ctx, input, tx);
      const response = responseOf(integration.integrationResponses, input.statusCode);
      const next = patched(response, input.patchOperations, RESPONSE_PATCH);
      const integrationResponses = { ...integration.integrationResponses, [input.statusCode]: next };
      const methodIntegration = { ...integration, integrationResponses };
      saveMethod(ctx, tx, input, resource, { ...method, methodIntegration });
      return next;
    }),

  DeleteIntegrationResponse: async (input, ctx) => {
    await ctx.transact(async (tx) => {
      const { resource, method, integration } = await integrationOf(ctx, input, tx);
      responseOf(integration.integrationResponses, input.statusCode);
      const { [input.statusCode]: _, ...integrationResponses } = integration.integrationResponses ?? {};
      const methodIntegration = { ...integration, integrationResponses };
      saveMethod(ctx, tx, input, resource, { ...method, methodIntegration });
    });
    return {};
  },
} satisfies Group<ApigatewayOperations>;

const INTEGRATION_PATCH: PatchTable = {
  names: false,
  rules: {
    '/uri': value(REPLACE),
    '/httpMethod': value(REPLACE),
    '/type': value(REPLACE),
    '/credentials': value(['replace', 'remove']),
    '/passthroughBehavior': value(REPLACE),
    '/contentHandling': value(['replace', 'remove']),
    '/timeoutInMillis': value(REPLACE, 'integer'),
    '/cacheNamespace': value(REPLACE),
    '/cacheKeyParameters/{}': { shape: 'item', ops: ANY_OP },
    '/connectionType': value(REPLACE),
    '/connectionId': value(REPLACE),
    '/tlsConfig/insecureSkipVerification': value(REPLACE, 'boolean'),
    '/requestParameters/{}': entry('string', 'Invalid parameter name specified'),
    '/requestTemplates/{}': entry('string', 'Content-Type specified was not found'),
  },
};

const RESPONSE_PATCH: PatchTable = {
  names: false,
  rules: {
    '/selectionPattern': value(ANY_OP),
    '/contentHandling': value(['replace', 'remove']),
    '/responseParameters/{}': entry('string', 'Invalid parameter name specified'),
    '/responseTemplates/{}': entry('string', 'Content-Type specified was not found'),
  },
};
