package lambent;

import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Date;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** JSON's values to and from the types of handlers: beans, records, collections, scalars. */
final class Mapper {
  /** Times before this, read as milliseconds, are in 1973: they are seconds. */
  private static final long MOST_SECONDS = 100_000_000_000L;

  private Mapper() {}

  static Object bind(Object json, Type type) throws ReflectiveOperationException {
    if (type instanceof WildcardType) return bind(json, ((WildcardType) type).getUpperBounds()[0]);
    if (type instanceof TypeVariable) return bind(json, ((TypeVariable<?>) type).getBounds()[0]);
    if (type instanceof GenericArrayType) return bindArray(json, ((GenericArrayType) type).getGenericComponentType());
    Class<?> raw = rawOf(type);
    if (json == null) return raw == Optional.class ? Optional.empty() : zero(raw);
    if (raw == Object.class) return json;
    if (raw == Optional.class) return Optional.of(bind(json, argument(type, 0)));
    if (raw == String.class || raw == CharSequence.class) return text(json);
    if (raw.isPrimitive() || Number.class.isAssignableFrom(raw) || raw == Boolean.class || raw == Character.class) return scalar(json, raw);
    if (raw.isEnum()) return constant(raw, String.valueOf(json));
    if (raw == Date.class && json instanceof Number) return new Date(millis((Number) json));
    if (raw == ByteBuffer.class) return ByteBuffer.wrap(Base64.getDecoder().decode((String) json));
    if (raw == byte[].class && json instanceof String) return Base64.getDecoder().decode((String) json);
    if (raw.isArray()) return bindArray(json, raw.getComponentType());
    if (Collection.class.isAssignableFrom(raw) || raw == Iterable.class) return bindCollection(json, raw, argument(type, 0));
    if (Map.class.isAssignableFrom(raw)) return bindMap(json, raw, type);
    if (json instanceof Map) return bindBean((Map<?, ?>) json, raw, type);
    return parsed(json, raw);
  }

  private static Class<?> rawOf(Type type) {
    return type instanceof ParameterizedType ? (Class<?>) ((ParameterizedType) type).getRawType() : (Class<?>) type;
  }

  private static Type argument(Type type, int index) {
    if (!(type instanceof ParameterizedType)) return Object.class;
    Type[] arguments = ((ParameterizedType) type).getActualTypeArguments();
    return index < arguments.length ? arguments[index] : Object.class;
  }

  private static Object zero(Class<?> raw) {
    return raw.isPrimitive() && raw != void.class ? Array.get(Array.newInstance(raw, 1), 0) : null;
  }

  private static String text(Object json) {
    return json instanceof Map || json instanceof List ? print(json) : String.valueOf(json);
  }

  private static long millis(Number number) {
    double value = number.doubleValue();
    return (long) (Math.abs(value) < MOST_SECONDS ? value * 1000 : value);
  }

  private static Object scalar(Object json, Class<?> raw) {
    if (raw == boolean.class || raw == Boolean.class) return json instanceof Boolean ? json : Boolean.valueOf(String.valueOf(json));
    if (raw == char.class || raw == Character.class) return String.valueOf(json).charAt(0);
    BigDecimal number = new BigDecimal(String.valueOf(json));
    if (raw == int.class || raw == Integer.class) return number.intValue();
    if (raw == long.class || raw == Long.class) return number.longValue();
    if (raw == double.class || raw == Double.class) return number.doubleValue();
    if (raw == float.class || raw == Float.class) return number.floatValue();
    if (raw == short.class || raw == Short.class) return number.shortValue();
    if (raw == byte.class || raw == Byte.class) return number.byteValue();
    if (raw == BigInteger.class) return number.toBigInteger();
    return raw == BigDecimal.class ? number : json;
  }

  private static Object constant(Class<?> raw, String name) {
    for (Object constant : raw.getEnumConstants()) if (((Enum<?>) constant).name().equals(name)) return constant;
    throw new IllegalArgumentException(raw.getName() + " has no constant " + name);
  }

  private static Object bindArray(Object json, Type item) throws ReflectiveOperationException {
    List<?> items = (List<?>) json;
    Object array = Array.newInstance(rawOf(item), items.size());
    for (int i = 0; i < items.size(); i++) Array.set(array, i, bind(items.get(i), item));
    return array;
  }

  private static Object bindCollection(Object json, Class<?> raw, Type item) throws ReflectiveOperationException {
    Collection<Object> bound = isConcrete(raw) ? cast(raw.getDeclaredConstructor().newInstance()) : Set.class.isAssignableFrom(raw) ? new LinkedHashSet<>() : new ArrayList<>();
    for (Object one : (List<?>) json) bound.add(bind(one, item));
    return bound;
  }

  private static Object bindMap(Object json, Class<?> raw, Type type) throws ReflectiveOperationException {
    Map<Object, Object> bound = isConcrete(raw) ? cast(raw.getDeclaredConstructor().newInstance()) : new LinkedHashMap<>();
    // A subclass of a map may say its types where it extends it.
    Type typed = type instanceof ParameterizedType ? type : raw.getGenericSuperclass() == null ? type : raw.getGenericSuperclass();
    for (Map.Entry<?, ?> entry : ((Map<?, ?>) json).entrySet()) bound.put(bind(entry.getKey(), argument(typed, 0)), bind(entry.getValue(), argument(typed, 1)));
    return bound;
  }

  private static boolean isConcrete(Class<?> raw) {
    return !raw.isInterface() && !Modifier.isAbstract(raw.getModifiers());
  }

  @SuppressWarnings("unchecked")
  private static <T> T cast(Object value) {
    return (T) value;
  }

  /** Types with a text form: times, UUIDs, URIs and the like. */
  private static Object parsed(Object json, Class<?> raw) throws ReflectiveOperationException {
    String text = String.valueOf(json);
    for (String name : new String[] {"parse", "valueOf", "fromString", "create"}) {
      for (Class<?> parameter : new Class<?>[] {String.class, CharSequence.class}) {
        try {
          Method method = raw.getMethod(name, parameter);
          if (Modifier.isStatic(method.getModifiers()) && raw.isAssignableFrom(method.getReturnType())) return method.invoke(null, text);
        } catch (NoSuchMethodException other) {
          // The next name.
        }
      }
    }
    for (Class<?> parameter : new Class<?>[] {String.class, Object.class}) {
      try {
        return raw.getConstructor(parameter).newInstance(text);
      } catch (NoSuchMethodException other) {
        // The next type.
      }
    }
    throw new IllegalArgumentException("Cannot make a " + raw.getName() + " of " + text);
  }

  /** A name in the JSON may differ from the property's in case, as `Records` and `eventSourceARN` do. */
  private static Object bindBean(Map<?, ?> json, Class<?> raw, Type type) throws ReflectiveOperationException {
    Map<String, Type> arguments = new HashMap<>();
    for (int i = 0; i < raw.getTypeParameters().length; i++) arguments.put(raw.getTypeParameters()[i].getName(), argument(type, i));
    Map<String, Object> named = new HashMap<>();
    for (Map.Entry<?, ?> entry : json.entrySet()) named.put(String.valueOf(entry.getKey()).toLowerCase(Locale.ROOT), entry.getValue());
    if (raw.getSuperclass() != null && raw.getSuperclass().getName().equals("java.lang.Record")) return bindRecord(named, raw);
    Constructor<?> make = raw.getDeclaredConstructor();
    make.setAccessible(true);
    Object bean = make.newInstance();
    Set<String> done = new LinkedHashSet<>();
    for (Method method : raw.getMethods()) {
      if (!method.getName().startsWith("set") || method.getParameterCount() != 1 || Modifier.isStatic(method.getModifiers())) continue;
      String name = method.getName().substring(3).toLowerCase(Locale.ROOT);
      if (!named.containsKey(name) || method.isBridge()) continue;
      method.setAccessible(true);
      method.invoke(bean, bind(named.get(name), known(method.getGenericParameterTypes()[0], arguments)));
      done.add(name);
    }
    for (Field field : raw.getFields()) {
      String name = field.getName().toLowerCase(Locale.ROOT);
      if (Modifier.isStatic(field.getModifiers()) || Modifier.isFinal(field.getModifiers()) || done.contains(name) || !named.containsKey(name)) continue;
      field.set(bean, bind(named.get(name), known(field.getGenericType(), arguments)));
    }
    return bean;
  }

  private static Type known(Type type, Map<String, Type> arguments) {
    return type instanceof TypeVariable ? arguments.getOrDefault(((TypeVariable<?>) type).getName(), type) : type;
  }

  private static Object bindRecord(Map<String, Object> named, Class<?> raw) throws ReflectiveOperationException {
    Object[] components = (Object[]) Class.class.getMethod("getRecordComponents").invoke(raw);
    Class<?>[] types = new Class<?>[components.length];
    Object[] values = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      Class<?> component = components[i].getClass();
      types[i] = (Class<?>) component.getMethod("getType").invoke(components[i]);
      String name = (String) component.getMethod("getName").invoke(components[i]);
      values[i] = bind(named.get(name.toLowerCase(Locale.ROOT)), (Type) component.getMethod("getGenericType").invoke(components[i]));
    }
    Constructor<?> make = raw.getDeclaredConstructor(types);
    make.setAccessible(true);
    return make.newInstance(values);
  }

  static String print(Object value) {
    StringBuilder out = new StringBuilder();
    print(value, out);
    return out.toString();
  }

  private static void print(Object value, StringBuilder out) {
    if (value == null || value instanceof Boolean) out.append(value);
    else if (value instanceof Double || value instanceof Float) {
      double number = ((Number) value).doubleValue();
      if (Double.isFinite(number)) out.append(value);
      else out.append('"').append(value).append('"');
    } else if (value instanceof Number) out.append(value);
    else if (value instanceof CharSequence || value instanceof Character) Json.quote(value.toString(), out);
    else if (value instanceof Enum) Json.quote(((Enum<?>) value).name(), out);
    else if (value instanceof Date) out.append(((Date) value).getTime());
    else if (value instanceof byte[]) Json.quote(Base64.getEncoder().encodeToString((byte[]) value), out);
    else if (value instanceof ByteBuffer) {
      byte[] bytes = new byte[((ByteBuffer) value).remaining()];
      ((ByteBuffer) value).duplicate().get(bytes);
      print(bytes, out);
    } else if (value instanceof Optional) print(((Optional<?>) value).orElse(null), out);
    else if (value instanceof Map) printMap((Map<?, ?>) value, out);
    else if (value instanceof Iterable) printAll((Iterable<?>) value, out);
    else if (value.getClass().isArray()) {
      List<Object> items = new ArrayList<>();
      for (int i = 0; i < Array.getLength(value); i++) items.add(Array.get(value, i));
      printAll(items, out);
    } else if (value.getClass().getName().startsWith("java.")) Json.quote(value.toString(), out);
    else printMap(properties(value), out);
  }

  private static void printMap(Map<?, ?> map, StringBuilder out) {
    out.append('{');
    String comma = "";
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      out.append(comma);
      Json.quote(String.valueOf(entry.getKey()), out);
      out.append(':');
      print(entry.getValue(), out);
      comma = ",";
    }
    out.append('}');
  }

  private static void printAll(Iterable<?> items, StringBuilder out) {
    out.append('[');
    String comma = "";
    for (Object item : items) {
      out.append(comma);
      print(item, out);
      comma = ",";
    }
    out.append(']');
  }

  /** What getters, a record's accessors and public fields say, by name. */
  private static Map<String, Object> properties(Object bean) {
    Map<String, Object> properties = new TreeMap<>();
    Class<?> raw = bean.getClass();
    boolean isRecord = raw.getSuperclass() != null && raw.getSuperclass().getName().equals("java.lang.Record");
    try {
      for (Field field : raw.getFields()) if (!Modifier.isStatic(field.getModifiers())) properties.put(field.getName(), field.get(bean));
      for (Method method : raw.getMethods()) {
        if (Modifier.isStatic(method.getModifiers()) || method.getParameterCount() > 0 || method.getDeclaringClass() == Object.class || method.isBridge()) continue;
        String name = isRecord && isComponent(raw, method.getName()) ? method.getName() : propertyOf(method);
        if (name == null) continue;
        method.setAccessible(true);
        properties.put(name, method.invoke(bean));
      }
    } catch (InvocationTargetException thrown) {
      throw new IllegalStateException(thrown.getCause());
    } catch (ReflectiveOperationException closed) {
      throw new IllegalStateException(closed);
    }
    return properties;
  }

  private static boolean isComponent(Class<?> raw, String name) {
    for (Field field : raw.getDeclaredFields()) if (field.getName().equals(name) && !Modifier.isStatic(field.getModifiers())) return true;
    return false;
  }

  private static String propertyOf(Method method) {
    String name = method.getName();
    Class<?> type = method.getReturnType();
    if (type == void.class) return null;
    if (name.startsWith("get") && name.length() > 3) return decapitalised(name.substring(3));
    return name.startsWith("is") && name.length() > 2 && (type == boolean.class || type == Boolean.class) ? decapitalised(name.substring(2)) : null;
  }

  /** As the usual JSON libraries do: all the capitals at the start. `URL` is `url`, `HTTPCode` `httpcode`. */
  private static String decapitalised(String name) {
    int end = 0;
    while (end < name.length() && Character.isUpperCase(name.charAt(end))) end++;
    return name.substring(0, end).toLowerCase(Locale.ROOT) + name.substring(end);
  }
}
