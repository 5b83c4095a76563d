using Orrery.Cli.Shell;
using Orrery.Engine.Gguf;
using Orrery.Engine.Shipped;

namespace Orrery.Cli.Verbs;

/// <summary>The verbs under <c>model</c>.</summary>
internal static class ModelVerbs
{
    public static VerbGroup Group() =>
        new("model", "Model files (GGUF): what is in one, what it computes, and models made for tests.",
            $"model inspect {ShippedModel.Name}", "model make r110m.gguf --shape r110m --type Q8_0",
            $"model tokenize {ShippedModel.Name} --text 'In the beginning'")
        {
            new ModelInspectVerb(),
            new ModelMakeVerb(),
            new ModelTokenizeVerb(),
            new ModelLogitsVerb(),
        };

    /// <summary>Opens the file that a user names, or the model that comes with the program.</summary>
    /// <exception cref="Kernel.InputException">There is no such file, or it is no sound model file.</exception>
    public static GgufFile Open(string name) => name == ShippedModel.Name && !File.Exists(name) ? ShippedModel.Open() : GgufFile.Open(name);
}
