import type { ApigatewayOperations, Resource } from '../../model/gen/apigateway.ts';
import type { Group } from '../../service/service.ts';
import type { Transaction } from '../../store/store.ts';
import { newId, type ResourceRow } from './definition.ts';
import { badRequest, conflict, noSuchResource } from './fault.ts';
import type { ApigatewayRows } from './layout.ts';
import { type PatchTable, patched, REPLACE, value } from './patch.ts';
import { apiOf, collection, resourceOf, rowsOf } from './scope.ts';

export const resources = {
  CreateResource: (input, ctx) => {
    const rows = rowsOf(ctx);
    const id = newId(ctx.world);
    return ctx.transact(async (tx) => {
      await apiOf(ctx, input.restApiId, tx);
      const parent = await resourceOf(ctx, input.restApiId, input.parentId, tx);
      const siblings = (await all(rows, tx, input.restApiId)).filter(
        ({ parentId }) => parentId === parent.id,
      );
      checkPart(input.pathPart, parent, siblings);
      const resource: ResourceRow = {
        id,
        parentId: parent.id,
        pathPart: input.pathPart,
        path: childPath(parent.path, input.pathPart),
        methods: {},
      };
      rows.resources.set(tx, [input.restApiId, id], resource);
      return describeResource(resource, true);
    });
  },

  GetResource: async (input, ctx) =>
    describeResource(
      await resourceOf(ctx, input.restApiId, input.resourceId),
      input.embed?.includes('methods') === true,
    ),

  GetResources: async (input, ctx) => {
    await apiOf(ctx, input.restApiId);
    const whole = input.embed?.includes('methods') === true;
    return collection(ctx, rowsOf(ctx).resources, [input.restApiId], input, (row) =>
      describeResource(row, whole),
    );
  },

  UpdateResource: (input, ctx) => {
    const rows = rowsOf(ctx);
    return ctx.transact(async (tx) => {
      const resource = await resourceOf(ctx, input.restApiId, input.resourceId, tx);
      const next = patched(resource, input.patchOperations, PATCH);
      if (resource.parentId === undefined) {
        if (next.pathPart !== undefined) throw badRequest('Root resource cannot update its pathPart.');
        if (next.parentId !== undefined) throw badRequest('Root resource cannot update its parentId.');
        return describeResource(resource, false);
      }
      const known = await all(rows, tx, input.restApiId);
      const parent = known.find(({ id }) => id === next.parentId);
      if (parent === undefined) throw noSuchResource();
      if (parent.id === resource.id || parent.path.startsWith(`${resource.path}/`))
        throw badRequest('Resources cannot be cyclical.');
      const siblings = known.filter(({ id, parentId }) => parentId === parent.id && id !== resource.id);
      checkPart(next.pathPart ?? '', parent, siblings);
      const moved = { ...next, path: childPath(parent.path, next.pathPart ?? '') };
      for (const row of known) {
        if (row.path.startsWith(`${resource.path}/`)) {
          const path = moved.path + row.path.slice(resource.path.length);
          rows.resources.set(tx, [input.restApiId, row.id], { ...row, path });
        }
      }
      rows.resources.set(tx, [input.restApiId, resource.id], moved);
      return describeResource(moved, false);
    });
  },

  DeleteResource: async (input, ctx) => {
    const rows = rowsOf(ctx);
    await ctx.transact(async (tx) => {
      const resource = await resourceOf(ctx, input.restApiId, input.resourceId, tx);
      if (resource.parentId === undefined) throw badRequest('Cannot delete root resource');
      for (const row of await all(rows, tx, input.restApiId)) {
        if (row.id === resource.id || row.path.startsWith(`${resource.path}/`))
          rows.resources.delete(tx, [input.restApiId, row.id]);
      }
    });
    return {};
  },
} satisfies Group<ApigatewayOperations>;

const PATCH: PatchTable = {
  names: true,
  rules: { '/parentId': value(REPLACE), '/pathPart': value(REPLACE) },
};

async function all(rows: ApigatewayRows, tx: Transaction, api: string): Promise<readonly ResourceRow[]> {
  return (await rows.resources.all(tx, [api])).map(({ value: row }) => row);
}

export function childPath(parent: string, part: string): string {
  return parent === '/' ? `/${part}` : `${parent}/${part}`;
}

export const isVariable = (part: string) => part.startsWith('{');
export const isGreedy = (part: string) => part.endsWith('+}');

const LITERAL = /^[a-zA-Z0-9._\-:$]+$/;
const VARIABLE = /^\{[a-zA-Z0-9._\-:]+\+?\}$/;

/** What a path part may be: a literal, or a parameter that is the only one among its siblings. */
export function checkPart(part: string, parent: ResourceRow, siblings: readonly ResourceRow[]): void {
  if (!LITERAL.test(part) && !VARIABLE.test(part)) {
    throw badRequest(
      "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.",
    );
  }
  if (isGreedy(parent.pathPart ?? ''))
    throw badRequest(`Cannot create a child of a resource with a greedy path variable: ${parent.pathPart}`);
  for (const { pathPart = '' } of siblings) {
    if (pathPart === part)
      throw conflict(`Another resource with the same parent already has this name: ${part}`);
    if (isVariable(part) && isVariable(pathPart)) {
      throw badRequest(
        `A sibling (${pathPart}) of this resource already has a variable path part -- only one is allowed`,
      );
    }
  }
}

/** Without `whole` the methods are only named. */
export function describeResource({ methods, ...resource }: ResourceRow, whole: boolean): Resource {
  const names = Object.keys(methods);
  if (names.length === 0) return resource;
  return {
    ...resource,
    resourceMethods: whole ? methods : Object.fromEntries(names.map((name) => [name, {}])),
  };
}
