import type { SnsOperations } from '../../model/gen/sns.ts';
import type { Group } from '../../service/service.ts';
import { invalid } from './fault.ts';
import { sealToken, unsealToken } from './page.ts';
import {
  applicationOfArn,
  type DeviceName,
  deviceArn,
  deviceOfArn,
  devicesOf,
  readApplication,
  readDevice,
  withDeviceAttributes,
} from './platform.ts';

const PAGE = 100;

export const platformEndpoints = {
  async CreatePlatformEndpoint(input, ctx) {
    const application = applicationOfArn(input.PlatformApplicationArn);
    const { platform, name } = application;
    const { Token: token, CustomUserData: data } = input;
    if (token === '') throw invalid('Token Reason: cannot be empty');
    // Said twice, what stands among the attributes counts.
    const given = { ...(data === undefined ? {} : { CustomUserData: data }), ...input.Attributes };
    const attributes = withDeviceAttributes({ Enabled: 'true', Token: token }, given);
    const newId = ctx.world.random.uuid();
    const { devices, deviceTokens } = devicesOf(application);
    const id = await ctx.transact(async (tx) => {
      await readApplication(tx, application);
      const knownId = await deviceTokens.get(tx, [platform, name, token]);
      const known = knownId === undefined ? undefined : await devices.get(tx, [platform, name, knownId]);
      if (knownId === undefined || known === undefined) {
        devices.set(tx, [platform, name, newId], { attributes });
        deviceTokens.set(tx, [platform, name, token], newId);
        return newId;
      }
      const names = new Set([...Object.keys(known.attributes), ...Object.keys(attributes)]);
      for (const each of names) {
        if (known.attributes[each] === attributes[each]) continue;
        const arn = deviceArn({ application, id: knownId });
        throw invalid(
          `Token Reason: Endpoint ${arn} already exists with the same Token, but different attributes.`,
        );
      }
      return knownId;
    });
    return { EndpointArn: deviceArn({ application, id }) };
  },

  async GetEndpointAttributes(input, ctx) {
    const { attributes } = await readDevice(ctx.store, deviceOfArn(input.EndpointArn));
    return { Attributes: attributes };
  },

  async SetEndpointAttributes(input, ctx) {
    const device: DeviceName = deviceOfArn(input.EndpointArn);
    const { application, id } = device;
    const { platform, name } = application;
    const { devices, deviceTokens } = devicesOf(application);
    await ctx.transact(async (tx) => {
      const { attributes: before } = await readDevice(tx, device);
      const attributes = withDeviceAttributes(before, input.Attributes);
      devices.set(tx, [platform, name, id], { attributes });
      deviceTokens.delete(tx, [platform, name, before['Token'] ?? '']);
      deviceTokens.set(tx, [platform, name, attributes['Token'] ?? ''], id);
    });
    return {};
  },

  async ListEndpointsByPlatformApplication(input, ctx) {
    const application = applicationOfArn(input.PlatformApplicationArn);
    const { platform, name } = application;
    await readApplication(ctx.store, application);
    const after = input.NextToken === undefined ? undefined : unsealToken(input.NextToken);
    const page = await devicesOf(application).devices.page(ctx.store, [platform, name], {
      limit: PAGE,
      ...(after === undefined ? {} : { after: [platform, name, after] }),
    });
    return {
      Endpoints: page.rows.map(({ key, value }) => ({
        EndpointArn: deviceArn({ application, id: key[2] }),
        Attributes: value.attributes,
      })),
      NextToken: page.next && sealToken(page.next[2]),
    };
  },

  async DeleteEndpoint(input, ctx) {
    const { application, id } = deviceOfArn(input.EndpointArn);
    const { platform, name } = application;
    const { devices, deviceTokens } = devicesOf(application);
    await ctx.transact(async (tx) => {
      const row = await devices.get(tx, [platform, name, id]);
      // What is gone already is gone.
      if (row === undefined) return;
      devices.delete(tx, [platform, name, id]);
      deviceTokens.delete(tx, [platform, name, row.attributes['Token'] ?? '']);
    });
    return {};
  },
} satisfies Group<SnsOperations>;
