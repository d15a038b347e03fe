import type { SnsOperations } from '../../model/gen/sns.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { layout } from './layout.ts';
import { sealToken, unsealToken } from './page.ts';
import {
  type ApplicationName,
  applicationArn,
  applicationOfArn,
  checkApplicationName,
  checkCredential,
  checkPlatform,
  devicesOf,
  readApplication,
  withSettings,
} from './platform.ts';

const PAGE = 100;
const AT_ONCE = 200;

/** What is kept and shown without an effect is said to be. */
function noteKept(
  ctx: Context,
  name: string,
  attributes: Readonly<Record<string, string | undefined>>,
): void {
  const kept = Object.keys(attributes).filter((each) => /^Event|Feedback|^Apple/.test(each));
  if (kept.length > 0) ctx.log('info', `${name}: kept, not simulated: ${kept.join(', ')}`);
}

export const platformApplications = {
  async CreatePlatformApplication(input, ctx) {
    const { Name: name, Platform: platform, Attributes: given } = input;
    checkApplicationName(name);
    checkPlatform(platform);
    const attributes = withSettings(platform, { Enabled: 'true' }, given);
    checkCredential(given);
    noteKept(ctx, name, given);
    const application: ApplicationName = { account: ctx.account, region: ctx.region, platform, name };
    await ctx.transact(async (tx) =>
      devicesOf(application).applications.set(tx, [platform, name], { attributes }),
    );
    return { PlatformApplicationArn: applicationArn(application) };
  },

  async GetPlatformApplicationAttributes(input, ctx) {
    const { attributes } = await readApplication(ctx.store, applicationOfArn(input.PlatformApplicationArn));
    return { Attributes: attributes };
  },

  async SetPlatformApplicationAttributes(input, ctx) {
    const application = applicationOfArn(input.PlatformApplicationArn);
    const { platform, name } = application;
    await ctx.transact(async (tx) => {
      const { attributes } = await readApplication(tx, application);
      devicesOf(application).applications.set(tx, [platform, name], {
        attributes: withSettings(platform, attributes, input.Attributes),
      });
    });
    noteKept(ctx, name, input.Attributes);
    return {};
  },

  async ListPlatformApplications(input, ctx) {
    const { account, region } = ctx;
    const after =
      input.NextToken === undefined
        ? undefined
        : (JSON.parse(unsealToken(input.NextToken)) as [string, string]);
    const page = await layout.at(account, region).applications.page(ctx.store, [], {
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    return {
      PlatformApplications: page.rows.map(({ key: [platform, name], value }) => ({
        PlatformApplicationArn: applicationArn({ account, region, platform, name }),
        Attributes: value.attributes,
      })),
      NextToken: page.next && sealToken(JSON.stringify(page.next)),
    };
  },

  async DeletePlatformApplication(input, ctx) {
    const application = applicationOfArn(input.PlatformApplicationArn);
    const { platform, name } = application;
    const { applications, devices, deviceTokens } = devicesOf(application);
    for (let more = true; more; ) {
      more = await ctx.transact(async (tx) => {
        applications.delete(tx, [platform, name]);
        const page = await devices.page(tx, [platform, name], { limit: AT_ONCE });
        for (const { key, value } of page.rows) {
          devices.delete(tx, key);
          deviceTokens.delete(tx, [platform, name, value.attributes['Token'] ?? '']);
        }
        return page.next !== undefined;
      });
    }
    return {};
  },
} satisfies Group<SnsOperations>;
