package lambent;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;

/** The method that answers: static or of an instance, on streams or on values. */
final class Handler {
  /** What is wrong with a handler's name, in the words of AWS's runtime. */
  static final class BadHandler extends Exception {
    private static final long serialVersionUID = 1;
    final String type;

    BadHandler(String type, String message) {
      super(message);
      this.type = type;
    }
  }

  private final Object instance;
  private final Method method;

  private Handler(Object instance, Method method) {
    this.instance = instance;
    this.method = method;
  }

  /** `package.Class::method`, or `package.Class` for one that has `handleRequest`. */
  static Handler find(String spelled, ClassLoader loader) throws Throwable {
    int colons = spelled.indexOf("::");
    String className = colons < 0 ? spelled : spelled.substring(0, colons);
    String methodName = colons < 0 ? "handleRequest" : spelled.substring(colons + 2);
    Class<?> type;
    try {
      type = Class.forName(className, true, loader);
    } catch (ClassNotFoundException absent) {
      throw new BadHandler("java.lang.ClassNotFoundException", "Class not found: " + className);
    }
    Method method = best(type, methodName);
    if (method == null) throw new BadHandler("java.lang.NoSuchMethodException", "No public method named " + methodName + " with appropriate method signature found on class " + className);
    method.setAccessible(true);
    if (Modifier.isStatic(method.getModifiers())) return new Handler(null, method);
    try {
      return new Handler(type.getConstructor().newInstance(), method);
    } catch (NoSuchMethodException none) {
      throw new BadHandler("java.lang.NoSuchMethodException", "Class " + className + " has no public zero-argument constructor");
    } catch (InvocationTargetException thrown) {
      throw thrown.getCause();
    }
  }

  /** The most specific of the methods of a name: one that takes a context before one that does not. */
  private static Method best(Class<?> type, String name) {
    Method best = null;
    for (Method method : type.getMethods()) {
      if (!method.getName().equals(name) || method.isBridge() || method.isSynthetic()) continue;
      Class<?>[] parameters = method.getParameterTypes();
      boolean fits = parameters.length <= 1 || takesContext(method) || takesStreams(method);
      if (!fits || parameters.length > 3) continue;
      if (best == null || parameters.length > best.getParameterCount()) best = method;
    }
    return best;
  }

  private static boolean takesContext(Method method) {
    Class<?>[] parameters = method.getParameterTypes();
    return parameters.length > 0 && parameters[parameters.length - 1].getName().equals(Invocation.CONTEXT);
  }

  private static boolean takesStreams(Method method) {
    Class<?>[] parameters = method.getParameterTypes();
    return parameters.length >= 2 && parameters[0] == InputStream.class && parameters[1] == OutputStream.class;
  }

  byte[] call(byte[] event, Invocation invocation) throws Throwable {
    int count = method.getParameterCount();
    Object[] arguments = new Object[count];
    int values = takesContext(method) ? count - 1 : count;
    if (values < count) arguments[count - 1] = invocation.context(method.getParameterTypes()[count - 1]);
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    if (takesStreams(method)) {
      arguments[0] = new ByteArrayInputStream(event);
      arguments[1] = written;
    } else if (values > 0) arguments[0] = eventFor(event, inputType());
    Object answer;
    try {
      answer = method.invoke(instance, arguments);
    } catch (InvocationTargetException thrown) {
      throw thrown.getCause();
    }
    if (takesStreams(method)) return written.toByteArray();
    return Mapper.print(method.getReturnType() == void.class ? null : answer).getBytes(StandardCharsets.UTF_8);
  }

  private static Object eventFor(byte[] event, Type type) throws ReflectiveOperationException {
    if (type == InputStream.class) return new ByteArrayInputStream(event);
    String text = new String(event, StandardCharsets.UTF_8);
    return Mapper.bind(text.isBlank() ? null : Json.parse(text), type);
  }

  private Type inputType() {
    return method.getGenericParameterTypes()[0];
  }
}
