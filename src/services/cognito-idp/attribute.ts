import type { AttributeListType, SchemaAttributeType } from '../../model/gen/cognito-idp.ts';
import { fault } from './fault.ts';

/** A user's attributes by name; everything is text, as AWS keeps it. `sub` stands apart. */
export type Attributes = Readonly<Record<string, string>>;

const text = (Name: string, MinLength = '0', MaxLength = '2048'): SchemaAttributeType => ({
  Name,
  AttributeDataType: 'String',
  DeveloperOnlyAttribute: false,
  Mutable: true,
  Required: false,
  StringAttributeConstraints: { MinLength, MaxLength },
});
const flag = (Name: string): SchemaAttributeType => ({
  Name,
  AttributeDataType: 'Boolean',
  DeveloperOnlyAttribute: false,
  Mutable: true,
  Required: false,
});

/** The attributes every pool has, in AWS's order. OpenID Connect Core 1.0, section 5.1. */
export const STANDARD_ATTRIBUTES: readonly SchemaAttributeType[] = [
  { ...text('sub', '1'), Mutable: false, Required: true },
  ...['name', 'given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username'].map((name) =>
    text(name),
  ),
  ...['profile', 'picture', 'website', 'email'].map((name) => text(name)),
  flag('email_verified'),
  text('gender'),
  text('birthdate', '10', '10'),
  ...['zoneinfo', 'locale', 'phone_number'].map((name) => text(name)),
  flag('phone_number_verified'),
  text('address'),
  {
    Name: 'updated_at',
    AttributeDataType: 'Number',
    DeveloperOnlyAttribute: false,
    Mutable: true,
    Required: false,
    NumberAttributeConstraints: { MinValue: '0' },
  },
];
const STANDARD_NAMES = new Set(STANDARD_ATTRIBUTES.map(({ Name }) => Name));

/** A custom attribute's name in full, from what a schema declares. */
function customName(declared: SchemaAttributeType): string {
  return `${declared.DeveloperOnlyAttribute === true ? 'dev:' : ''}custom:${declared.Name ?? ''}`;
}

/** What a schema declares, completed: standard attributes keep their type, custom ones get their prefix. */
export function declareSchema(declared: readonly SchemaAttributeType[]): readonly SchemaAttributeType[] {
  return declared.map((attribute) => {
    const standard = STANDARD_ATTRIBUTES.find(({ Name }) => Name === attribute.Name);
    if (standard !== undefined) return { ...standard, ...attribute };
    const type = attribute.AttributeDataType ?? 'String';
    return {
      Name: customName(attribute),
      AttributeDataType: type,
      DeveloperOnlyAttribute: attribute.DeveloperOnlyAttribute ?? false,
      Mutable: attribute.Mutable ?? true,
      Required: attribute.Required ?? false,
      ...(type === 'String'
        ? { StringAttributeConstraints: attribute.StringAttributeConstraints ?? {} }
        : {}),
      ...(type === 'Number'
        ? { NumberAttributeConstraints: attribute.NumberAttributeConstraints ?? {} }
        : {}),
    };
  });
}

/** Custom attributes as AddCustomAttributes and CreateUserPool take them; throws for what AWS refuses. */
export function checkDeclared(declared: readonly SchemaAttributeType[]): void {
  for (const attribute of declared) {
    if (attribute.Name === undefined) {
      throw fault('InvalidParameterException', 'Attribute name is required in the schema');
    }
    if (attribute.Required === true && !STANDARD_NAMES.has(attribute.Name)) {
      throw fault('InvalidParameterException', 'Required custom attributes are not supported currently.');
    }
  }
}

export function schemaOf(declared: readonly SchemaAttributeType[]): readonly SchemaAttributeType[] {
  const byName = new Map(declared.map((attribute) => [attribute.Name, attribute]));
  return [
    ...STANDARD_ATTRIBUTES.map((standard) => byName.get(standard.Name) ?? standard),
    ...declared.filter(({ Name }) => !STANDARD_NAMES.has(Name)),
  ];
}

/** A request's attributes by name; flags in lower case, as AWS keeps them. */
export function attributeMap(list: AttributeListType | undefined): Attributes {
  return Object.fromEntries(
    (list ?? []).map(({ Name, Value = '' }) => [
      Name,
      Name.endsWith('_verified') ? Value.toLowerCase() : Value,
    ]),
  );
}

export function attributeList(sub: string, attributes: Attributes): AttributeListType {
  return [
    { Name: 'sub', Value: sub },
    ...Object.entries(attributes).map(([Name, Value]) => ({ Name, Value })),
  ];
}

export const isEmail = (value: string) => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value);
export const isPhoneNumber = (value: string) => /^\+[0-9]{1,15}$/.test(value);

const nonconforming = (what: string) =>
  fault('InvalidParameterException', `Attributes did not conform to the schema: ${what}\n`);

/**
 * Checks new values against the schema.
 * @param creating every required attribute must be there, and immutable ones may be written
 */
export function checkAttributes(
  declared: readonly SchemaAttributeType[],
  attributes: Attributes,
  creating: boolean,
): void {
  const schema = schemaOf(declared);
  for (const { Name = '', Required } of schema) {
    if (creating && Required === true && Name !== 'sub' && !attributes[Name]) {
      throw nonconforming(`${Name}: The attribute is required`);
    }
  }
  const byName = new Map(schema.map((attribute) => [attribute.Name, attribute]));
  for (const [name, value] of Object.entries(attributes)) {
    const attribute = byName.get(name);
    if (name === 'sub' || attribute === undefined) {
      throw nonconforming(
        name === 'sub'
          ? 'sub: Attribute cannot be updated.'
          : `Type for attribute {${name}} could not be determined`,
      );
    }
    if (!creating && attribute.Mutable === false) {
      throw fault('InvalidParameterException', `user.${name}: Attribute cannot be updated.\n`);
    }
    checkValue(attribute, value);
  }
}

function checkValue(attribute: SchemaAttributeType, value: string): void {
  const { Name: name = '' } = attribute;
  if (name === 'email' && value !== '' && !isEmail(value)) {
    throw fault('InvalidParameterException', 'Invalid email address format.');
  }
  if (name === 'phone_number' && value !== '' && !isPhoneNumber(value)) {
    throw fault('InvalidParameterException', 'Invalid phone number format.');
  }
  switch (attribute.AttributeDataType) {
    case 'String': {
      const { MinLength, MaxLength } = attribute.StringAttributeConstraints ?? {};
      if (MinLength !== undefined && value.length < Number(MinLength)) {
        throw nonconforming(`${name}: String must be at least ${MinLength} characters long`);
      }
      if (MaxLength !== undefined && value.length > Number(MaxLength)) {
        throw nonconforming(`${name}: String must be no longer than ${MaxLength} characters`);
      }
      return;
    }
    case 'Number': {
      const { MinValue, MaxValue } = attribute.NumberAttributeConstraints ?? {};
      if (!/^-?\d+$/.test(value)) throw nonconforming(`${name}: Attribute value is not a number`);
      if (MinValue !== undefined && Number(value) < Number(MinValue)) {
        throw nonconforming(`${name}: Number must be no less than ${MinValue}`);
      }
      if (MaxValue !== undefined && Number(value) > Number(MaxValue)) {
        throw nonconforming(`${name}: Number must be no greater than ${MaxValue}`);
      }
      return;
    }
    case 'Boolean':
      if (!/^(true|false)$/i.test(value)) throw nonconforming(`${name}: Attribute value is not a boolean`);
      return;
    default:
      return;
  }
}
