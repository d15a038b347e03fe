using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.Loader;
using System.Text;
using System.Threading.Tasks;

namespace Lambent {
  /// <summary>
  /// The method a handler string names: `ASSEMBLY::TYPE::METHOD`. AWS's interfaces come with the function's package, in
  /// whichever version, so they are only known by name here.
  /// https://docs.aws.amazon.com/lambda/latest/dg/csharp-handler.html
  /// </summary>
  sealed class Handler {
    const string Core = "Amazon.Lambda.Core.";
    const string Context = Core + "ILambdaContext";
    const string Form = "The valid format is 'ASSEMBLY::TYPE::METHOD'.";
    const BindingFlags Any = BindingFlags.DeclaredOnly | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static;

    readonly MethodInfo method;
    readonly object target;
    readonly Type input;
    readonly Type context;
    /// <summary>What the function answers, out of its task.</summary>
    readonly Type output;
    readonly object serializer;
    readonly string[] spelled;

    Handler(string[] spelled, MethodInfo method, object serializer) {
      this.spelled = spelled;
      this.method = method;
      this.serializer = serializer;
      var parameters = method.GetParameters();
      if (parameters.Length > 2) {
        throw Invalid("Method '{0}' of type '{1}' is not supported: the method has more than 2 parameters.", spelled[2], spelled[1]);
      }
      if (parameters.Length == 2 && parameters[1].ParameterType.FullName != Context) {
        throw Invalid("Method '{0}' of type '{1}' is not supported: the method has 2 parameters, but the second parameter is not of type '{2}'.", spelled[2], spelled[1], Context);
      }
      foreach (var parameter in parameters) {
        if (parameter.ParameterType.FullName == Context) context = parameter.ParameterType;
        else input = parameter.ParameterType;
      }
      output = OutputOf(method.ReturnType);
      if (input != null && input != typeof(Stream)) Convertor("deserialize input", input);
      if (output != null && !typeof(Stream).IsAssignableFrom(output)) Convertor("serialize output", output);
      if (!method.IsStatic) {
        try {
          target = Activator.CreateInstance(method.ReflectedType);
        } catch (TargetInvocationException error) {
          ExceptionDispatchInfo.Capture(error.InnerException).Throw();
        }
      }
    }

    static LambdaValidationException Invalid(string format, params object[] arguments) {
      return new LambdaValidationException(string.Format(format, arguments));
    }

    public static Handler Find(string spelled, Logs logs) {
      if (string.IsNullOrWhiteSpace(spelled)) throw Invalid("Empty lambda function handler. " + Form);
      var parts = spelled.Split(new[] { "::" }, 3, StringSplitOptions.None);
      if (parts.Length != 3) throw Invalid("Invalid lambda function handler: '{0}'. {1}", spelled, Form);
      var names = new[] { "assembly", "type", "method" };
      for (var at = 0; at < 3; at++) {
        if (string.IsNullOrWhiteSpace(parts[at])) throw Invalid("Invalid lambda function handler: '{0}', the {1} is missing. {2}", spelled, names[at], Form);
      }
      AppDomain.CurrentDomain.AssemblyLoad += (sender, loaded) => logs.Adopt(loaded.LoadedAssembly);
      Assembly assembly;
      try {
        assembly = AssemblyLoadContext.Default.LoadFromAssemblyName(new AssemblyName(parts[0]));
      } catch (FileNotFoundException error) {
        throw Invalid("Could not find the specified handler assembly with the file name '{0}'. The assembly should be located in the root of your uploaded .zip file.", error.FileName);
      } catch (Exception error) when (error is FileLoadException || error is BadImageFormatException) {
        throw Invalid("Unable to load assembly '{0}'.", parts[0]);
      }
      var type = assembly.GetType(parts[1]);
      if (type == null) throw Invalid("Unable to load type '{0}' from assembly '{1}'.", parts[1], parts[0]);
      var method = MethodOf(type, parts);
      CheckMethod(method);
      CheckType(type, method);
      return new Handler(parts, method, SerializerOf(method, assembly));
    }

    /// <summary>By its name, or by its whole signature where it has overloads.</summary>
    static MethodInfo MethodOf(Type type, string[] parts) {
      for (var at = type; at != null; at = at.BaseType) {
        var found = at.GetMethods(Any).Where(one => one.Name == parts[2]).ToList();
        if (found.Count > 1) {
          throw Invalid("The method '{0}' in type '{1}' appears to have a number of overloads. To call this method please specify a complete method signature. Possible candidates are:\n{2}.",
            parts[2], parts[1], string.Join("\n", found.Select(one => one.ToString())));
        }
        if (found.Count == 0) found = at.GetMethods(Any).Where(one => one.ToString() == parts[2]).ToList();
        if (found.Count == 1) return found[0];
      }
      throw Invalid("Unable to find method '{0}' in type '{1}' from assembly '{2}': Found no methods matching method name '{0}'.", parts[2], parts[1], parts[0]);
    }

    static void CheckMethod(MethodInfo method) {
      const string CannotBe = "The method '{0}' cannot be used as a Lambda Handler because it is ";
      if (method.IsAbstract) throw Invalid(CannotBe + "an abstract method. Handler methods cannot be abstract. Please specify a non-abstract handler method.", method);
      if (method.IsGenericMethod) throw Invalid(CannotBe + "a generic method. Handler methods cannot be generic. Please specify a non-generic handler method.", method);
      if (method.ReturnType == typeof(void) && method.GetCustomAttribute(typeof(AsyncStateMachineAttribute)) != null) {
        throw Invalid(CannotBe + "an 'async void' method. Handler methods cannot be 'async void'. Please specify a method that is not 'async void'.", method);
      }
      var last = method.GetParameters().LastOrDefault();
      if (last != null && last.GetCustomAttribute(typeof(ParamArrayAttribute)) != null) {
        throw Invalid(CannotBe + "a 'params' method. Please specify a method that does not use 'params'.", method);
      }
    }

    static void CheckType(Type type, MethodInfo method) {
      if (type.IsGenericType) throw Invalid("The type '{0}' cannot be used as a Lambda Handler type because it is generic. Handler methods cannot be located in generic types. Please specify a handler method in a non-generic type.", type.FullName);
      if (!method.IsStatic && type.IsAbstract) {
        throw Invalid("The instance method '{0}' cannot be used as a Lambda Handler because its type '{1}' is abstract. Please either use a static handler or specify a type that is not abstract.", method, type.FullName);
      }
    }

    /// <summary>The one the attribute of the method names, else that of the assembly; null when there is none.</summary>
    static object SerializerOf(MethodInfo method, Assembly assembly) {
      var attribute = method.GetCustomAttributes(true).Concat(assembly.GetCustomAttributes(true))
        .FirstOrDefault(one => one.GetType().FullName == Core + "LambdaSerializerAttribute");
      if (attribute == null) return null;
      var type = attribute.GetType().GetProperty("SerializerType").GetValue(attribute) as Type;
      if (type == null) throw Invalid("The 'SerializerType' property on attribute class '{0}' is not set.", attribute.GetType().FullName);
      if (type.GetConstructor(Type.EmptyTypes) == null) throw Invalid("The indicated serializer '{0}' does not define a public zero-parameter constructor.", type.FullName);
      return Activator.CreateInstance(type);
    }

    static Type OutputOf(Type type) {
      if (type == typeof(void) || type == typeof(Task)) return null;
      return type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Task<>) ? type.GetGenericArguments()[0] : type;
    }

    /// <summary>The serializer's interface. Throws when the function names no serializer.</summary>
    Type Convertor(string what, Type type) {
      if (serializer == null) {
        throw Invalid("Could not find the LambdaSerializerAttribute on the assembly '{0}' or method '{1}' while attempting to {2} data of type '{3}'. To use types other than System.IO.Stream as input/output parameters, the assembly or Lambda function should be annotated with {4}.",
          spelled[0], spelled[2], what, type.FullName, Core + "LambdaSerializerAttribute");
      }
      var found = serializer.GetType().GetInterfaces().FirstOrDefault(one => one.FullName == Core + "ILambdaSerializer");
      if (found == null) throw Invalid("The '{0}' class is invalid: it does not implement the 'ILambdaSerializer' interface.", serializer.GetType().FullName);
      return found;
    }

    /// <summary>Runs the function on an event and answers what it does, as JSON unless it writes a stream of its own.</summary>
    public byte[] Call(byte[] body, Invocation invocation) {
      var arguments = new List<object>();
      foreach (var parameter in method.GetParameters()) {
        if (parameter.ParameterType == context) arguments.Add(invocation.As(context));
        else if (input == typeof(Stream)) arguments.Add(new MemoryStream(body, false));
        else arguments.Add(Deserialize(body.Length == 0 ? new byte[] { (byte)'{', (byte)'}' } : body));
      }
      var value = Invoke(method, target, arguments.ToArray());
      var task = value as Task;
      if (task != null) {
        task.GetAwaiter().GetResult();
        value = output == null ? null : typeof(Task<>).MakeGenericType(output).GetProperty("Result").GetValue(task);
      }
      if (output == null) return Encoding.ASCII.GetBytes("null");
      var answer = new MemoryStream();
      var stream = value as Stream;
      if (typeof(Stream).IsAssignableFrom(output)) {
        if (stream != null) using (stream) stream.CopyTo(answer);
      } else Invoke(Convertor("serialize output", output).GetMethod("Serialize").MakeGenericMethod(output), serializer, new[] { value, answer });
      return answer.ToArray();
    }

    object Deserialize(byte[] body) {
      var method = Convertor("deserialize input", input).GetMethod("Deserialize").MakeGenericMethod(input);
      return Invoke(method, serializer, new object[] { new MemoryStream(body, false) });
    }

    static object Invoke(MethodInfo method, object target, object[] arguments) {
      return method.Invoke(target, BindingFlags.DoNotWrapExceptions, null, arguments, null);
    }
  }
}
