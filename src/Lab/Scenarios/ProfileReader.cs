using Orrery.Documents;
using Orrery.Kernel;
using Orrery.World.Catalogue;
using Orrery.World.Hardware;
using Orrery.World.Profiles;

namespace Orrery.Lab.Scenarios;

/// <summary>The keys <c>profile</c> and <c>engine</c>: what the device reaches, and what the engine version adds.</summary>
internal static class ProfileReader
{
    /// <summary>The device's own measurements where the catalogue has them, else what was learnt on others.</summary>
    public const string Measured = "measured";

    /// <summary>What was learnt on other devices, even where the device has its own measurements.</summary>
    public const string Transfer = DeviceProfile.TransferName;

    /// <summary>Constant shares of the data sheet.</summary>
    public const string Analytic = "analytic";

    public static readonly IReadOnlyList<string> Names = [Measured, Transfer, Analytic];

    /// <param name="node">A name, or <c>{file: path}</c> of a profile that was fitted elsewhere; null for the usual one.</param>
    /// <param name="device">The device that it is about.</param>
    /// <param name="folder">Where relative file names start.</param>
    /// <param name="written">The form that reads as the same profile from any folder.</param>
    /// <exception cref="InputException">Unknown name; a file that is missing or malformed.</exception>
    public static CostProfile Read(Node? node, DeviceSpec device, string folder, out Node written)
    {
        written = node ?? Node.Plain(Measured);
        if (node is null || node.Kind == NodeKind.Scalar)
        {
            return (node?.AsOneOf(Names, "profile") ?? Measured) switch
            {
                Analytic => CostProfile.Analytic,
                Transfer => CostProfile.Analytic.With(Catalog.Profile(Transfer)),
                _ => Catalog.ProfileOf(device),
            };
        }
        MapReader map = node.AsMap();
        Node file = map.Required("file");
        map.Done();
        string path = Path.GetFullPath(Path.Combine(folder, file.AsText()));
        written = Node.Map([KeyValuePair.Create("file", Node.Quoted(path))]);
        DeviceProfile own;
        try
        {
            own = DeviceProfile.Read(Document.Load(path));
        }
        catch (InputException unreadable) when (unreadable.Message.StartsWith(path + ": ", StringComparison.Ordinal))
        {
            throw file.Error(unreadable.Message);
        }
        return Catalog.ProfileOf(device).Measured is { } rest ? CostProfile.Analytic.With(own.CompletedBy(rest)) : CostProfile.Analytic.With(own);
    }

    public static EngineProfile ReadEngine(Node? node)
    {
        if (node is null) return EngineProfile.Generic;
        try
        {
            return Catalog.Engine(node.AsText());
        }
        catch (InputException unknown)
        {
            throw node.Error(unknown.Message);
        }
    }
}
