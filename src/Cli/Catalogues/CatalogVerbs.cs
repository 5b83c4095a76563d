using Orrery.Cli.Shell;

namespace Orrery.Cli.Catalogues;

/// <summary>The verbs under <c>catalog</c>.</summary>
internal static class CatalogVerbs
{
    public static VerbGroup Group() =>
        new("catalog", "What is built in, with options, units, defaults and sources.", "catalog devices", "catalog schedulers vllm-v1", "catalog models --json -")
        {
            new CatalogVerb<World.Hardware.DeviceSpec>("devices", "Accelerators.", WorldKinds.Devices, "catalog devices", "catalog devices h100-sxm"),
            new CatalogVerb<World.Models.ModelSpec>("models", "Language models.", WorldKinds.Models, "catalog models", "catalog models llama-3-70b"),
            new CatalogVerb<World.Power.GridSpec>("grids", "Carbon intensity of electricity grids.", WorldKinds.Grids, "catalog grids", "catalog grids us-caiso"),
        };
}
