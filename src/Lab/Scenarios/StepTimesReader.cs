using System.Globalization;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Serving.Memory;
using Orrery.World.Catalogue;
using Orrery.World.Deployments;
using Orrery.World.StepTimes;

namespace Orrery.Lab.Scenarios;

/// <summary>The key <c>stepTimes:</c> of a fleet entry: published step times in place of the device's profile.</summary>
internal static class StepTimesReader
{
    /// <summary>The table of a key, or null without the key.</summary>
    /// <exception cref="InputException">Unknown name, or another key of the entry says something about step times too.</exception>
    public static StepTimeTable? Read(Node? node, Node? execution)
    {
        if (node is null) return null;
        if (execution is not null) throw execution.KeyError("published step times say what a whole step takes, however it is laid out; leave execution or stepTimes out");
        try
        {
            return Catalog.StepTimesOf(node.AsText());
        }
        catch (InputException unknown) when (!unknown.Message.Contains(node.Path, StringComparison.Ordinal))
        {
            throw node.Error(unknown.Message);
        }
    }

    /// <summary>The KV memory that was published with the step times; null where none was, and arithmetic decides.</summary>
    public static KvCapacity? Capacity(StepTimeTable? table, Deployment deployment, MemorySpec memory, string entry, List<string> notes)
    {
        if (table is null) return null;
        table.RowOf(deployment);
        if (table.KvTokensOf(deployment) is not { } tokens) return null;
        notes.Add(string.Create(CultureInfo.InvariantCulture, $"{entry}: step times and the {tokens} tokens of KV memory are those that '{table.Name}' publishes; utilization decides nothing"));
        return KvCapacity.Stated(deployment, tokens, memory.BlockTokens(deployment));
    }
}
