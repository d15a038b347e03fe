import type { ApigatewayOperations } from '../../model/gen/apigateway.ts';
import type { Group } from '../../service/service.ts';
import { badRequest, conflict, noSuchMethod, noSuchStatus } from './fault.ts';
import { checkMethod, HTTP_METHODS, methodOf, saveMethod } from './method.ts';
import { ANY_OP, entry, type PatchTable, patched, REPLACE, value } from './patch.ts';
import { resourceOf } from './scope.ts';

export const methods = {
  PutMethod: (input, ctx) => {
    const { restApiId, resourceId, ...rest } = input;
    return ctx.transact(async (tx) => {
      const resource = await resourceOf(ctx, restApiId, resourceId, tx);
      if (!HTTP_METHODS.includes(input.httpMethod))
        throw badRequest(`Invalid HttpMethod specified. Valid options are ${HTTP_METHODS.join(',')}`);
      if (Object.hasOwn(resource.methods, input.httpMethod))
        throw conflict('Method already exists for this resource');
      const method = { ...rest, apiKeyRequired: input.apiKeyRequired ?? false };
      await checkMethod(ctx, tx, restApiId, method);
      saveMethod(ctx, tx, input, resource, method);
      return method;
    });
  },

  GetMethod: async (input, ctx) => (await methodOf(ctx, input)).method,

  UpdateMethod: (input, ctx) =>
    ctx.transact(async (tx) => {
      const { resource, method } = await methodOf(ctx, input, tx);
      const next = patched(method, input.patchOperations, METHOD_PATCH);
      await checkMethod(ctx, tx, input.restApiId, next);
      saveMethod(ctx, tx, input, resource, next);
      return next;
    }),

  DeleteMethod: async (input, ctx) => {
    await ctx.transact(async (tx) => {
      const { resource } = await methodOf(ctx, input, tx);
      saveMethod(ctx, tx, input, resource, undefined);
    });
    return {};
  },

  PutMethodResponse: (input, ctx) => {
    const { statusCode, responseModels, responseParameters } = input;
    const response = { statusCode, responseModels, responseParameters };
    return ctx.transact(async (tx) => {
      const { resource, method } = await methodOf(ctx, input, tx);
      if (method.methodResponses !== undefined && Object.hasOwn(method.methodResponses, statusCode))
        throw conflict('Response already exists for this resource');
      const methodResponses = { ...method.methodResponses, [statusCode]: response };
      saveMethod(ctx, tx, input, resource, { ...method, methodResponses });
      return response;
    });
  },

  GetMethodResponse: async (input, ctx) => {
    const { method } = await methodOf(ctx, input);
    return responseOf(method.methodResponses, input.statusCode);
  },

  UpdateMethodResponse: (input, ctx) =>
    ctx.transact(async (tx) => {
      const { resource, method } = await methodOf(ctx, input, tx);
      const response = responseOf(method.methodResponses, input.statusCode);
      const next = patched(response, input.patchOperations, RESPONSE_PATCH);
      const methodResponses = { ...method.methodResponses, [input.statusCode]: next };
      saveMethod(ctx, tx, input, resource, { ...method, methodResponses });
      return next;
    }),

  DeleteMethodResponse: async (input, ctx) => {
    await ctx.transact(async (tx) => {
      const { resource, method } = await methodOf(ctx, input, tx);
      responseOf(method.methodResponses, input.statusCode);
      const { [input.statusCode]: _, ...methodResponses } = method.methodResponses ?? {};
      saveMethod(ctx, tx, input, resource, { ...method, methodResponses });
    });
    return {};
  },
} satisfies Group<ApigatewayOperations>;

/** The response a status names. Throws NotFoundException. */
export function responseOf<Response>(
  responses: Readonly<Record<string, Response>> | undefined,
  status: string,
): Response {
  if (responses === undefined || !Object.hasOwn(responses, status)) throw noSuchStatus();
  const response = responses[status];
  if (response === undefined) throw noSuchMethod();
  return response;
}

const METHOD_PATCH: PatchTable = {
  names: false,
  rules: {
    '/authorizationType': value(REPLACE),
    '/authorizerId': value(REPLACE),
    '/apiKeyRequired': value(REPLACE, 'boolean'),
    '/operationName': value(REPLACE),
    '/requestValidatorId': value(['replace', 'remove']),
    '/authorizationScopes': { shape: 'list', ops: ANY_OP },
    '/requestParameters/{}': entry('boolean', 'Invalid parameter name specified'),
    '/requestModels/{}': entry('string', 'Content-Type specified was not found'),
  },
};

const RESPONSE_PATCH: PatchTable = {
  names: false,
  rules: {
    '/responseParameters/{}': entry('boolean', 'Invalid parameter name specified'),
    '/responseModels/{}': entry('string', 'Content-Type specified was not found'),
  },
};
