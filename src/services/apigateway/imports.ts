import { isDeepStrictEqual } from 'node:util';
import { assert } from '../../base/assert.ts';
import type { ApigatewayOperations } from '../../model/gen/apigateway.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { endpointOf } from './apis.ts';
import {
  type ApiRow,
  clearDefinition,
  describeApi,
  newId,
  readDefinition,
  writeDefinition,
} from './definition.ts';
import { badRequest, conflict } from './fault.ts';
import { API_DIRECTORY } from './layout.ts';
import { readDocument } from './openapi/document.ts';
import { blankDefinition, type ImportResult, importDocument } from './openapi/importer.ts';
import { apiOf, rowsOf } from './scope.ts';

const MOST_ATTEMPTS = 5;

export const imports = {
  ImportRestApi: async (input, ctx) => {
    const { world } = ctx;
    const document = readDocument(input.body);
    const type = input.parameters?.['endpointConfigurationTypes'];
    const api: ApiRow = {
      id: newId(world, 10),
      name: '',
      createdAtMs: world.clock.now(),
      rootResourceId: newId(world, 10),
      apiKeySource: 'HEADER',
      endpointConfiguration: endpointOf(type === undefined ? undefined : { types: [endpointType(type)] }),
      disableExecuteApiEndpoint: false,
    };
    const imported = importDocument(document, {
      world,
      base: blankDefinition(api),
      mode: 'overwrite',
      basePath: basePathOf(input.parameters),
    });
    refuseWarnings(imported, input.failOnWarnings);
    if (imported.definition.api.name === '') throw badRequest('The API must have a title');
    await ctx.transact(async (tx) => {
      const claimed = await ctx.ports.directory.claim(tx, API_DIRECTORY, api.id, {
        account: ctx.account,
        region: ctx.region,
      });
      assert(claimed, `the new API id ${api.id} is taken`);
      writeDefinition(rowsOf(ctx), tx, imported.definition);
    });
    return described(ctx, api.id);
  },

  PutRestApi: async (input, ctx) => {
    const document = readDocument(input.body);
    const rows = rowsOf(ctx);
    const mode = input.mode ?? 'merge';
    const basePath = basePathOf(input.parameters);
    const read = async (reader: Reader) =>
      readDefinition(rows, reader, await apiOf(ctx, input.restApiId, reader));
    // Merging makes ids, so it is done outside of the transaction, which checks that nothing changed meanwhile.
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const base = await ctx.store.snapshot(read);
      const imported = importDocument(document, { world: ctx.world, base, mode, basePath });
      refuseWarnings(imported, input.failOnWarnings);
      const written = await ctx.transact(async (tx) => {
        if (!isDeepStrictEqual(await read(tx), base)) return false;
        if (mode === 'overwrite') await clearDefinition(rows, tx, base.api.id);
        writeDefinition(rows, tx, imported.definition);
        return true;
      });
      if (written) return described(ctx, input.restApiId);
    }
    throw conflict('Unable to complete operation due to concurrent modification. Please try again later.');
  },
} satisfies Group<ApigatewayOperations>;

async function described(ctx: Context, id: string) {
  return describeApi(await apiOf(ctx, id));
}

function endpointType(text: string): 'EDGE' | 'REGIONAL' | 'PRIVATE' {
  const type = text.toUpperCase();
  if (type !== 'EDGE' && type !== 'REGIONAL' && type !== 'PRIVATE')
    throw badRequest('Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE');
  return type;
}

function basePathOf(parameters: Readonly<Record<string, string>> | undefined): string {
  const how = parameters?.['basepath'] ?? parameters?.['basePath'] ?? 'ignore';
  if (how !== 'ignore' && how !== 'prepend' && how !== 'split')
    throw badRequest('Invalid basepath parameter. Must be one of: [ignore, prepend, split]');
  return how;
}

function refuseWarnings({ warnings }: ImportResult, failOnWarnings: boolean | undefined): void {
  if (failOnWarnings === true && warnings.length > 0)
    throw badRequest(`Warnings found during import:\n\t${warnings.join('\n\t')}`);
}
