using Orrery.Cli.Shell;

namespace Orrery.Cli.Verbs;

/// <summary>The verbs under <c>model</c>.</summary>
internal static class ModelVerbs
{
    public static VerbGroup Group() =>
        new("model", "Model files (GGUF): what is in them and what they compute.", "model tokenize model.gguf --text 'Hello, world'")
        {
            new ModelTokenizeVerb(),
        };
}
