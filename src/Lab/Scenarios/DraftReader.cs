using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Time;
using Orrery.Serving.Drafting;
using Orrery.Serving.Speculation;
using Orrery.Serving.Systems;
using Orrery.World.Deployments;
using Orrery.World.Models;

namespace Orrery.Lab.Scenarios;

/// <summary>The <c>draft:</c> key of a fleet entry: draft and verify, with a draft model on the same devices or with prompt lookup.</summary>
internal static class DraftReader
{
    /// <summary>In place of a model: proposals are continuations of n-grams that the context has already.</summary>
    public const string Lookup = "ngram";

    /// <param name="node">The value of the key.</param>
    /// <param name="target">What verifies.</param>
    /// <param name="readModel">Finds a model, and the form in which the lock file names it.</param>
    /// <param name="written">That form for the draft.</param>
    /// <exception cref="InputException">Unknown names and keys, and drafts that the target cannot verify.</exception>
    public static DraftDesign Read(Node node, Deployment target, Func<Node, (ModelSpec Model, Node Written)> readModel, out Node written)
    {
        MapReader map = node.AsMap();
        Node modelNode = map.Required("model");
        Node? controlNode = map.Optional("control");
        Node? acceptanceNode = map.Optional("acceptance");
        Node? searchNode = map.Optional("searchTime");
        map.Done();
        if (target.Parallel.Pipeline > 1) throw node.KeyError("drafts are proposed and verified on one pipeline stage; write pipeline: 1, or leave the key out");
        DraftControlSpec control = DraftControls.Registry.Read(controlNode ?? Node.Plain(DraftControls.Usual));
        AcceptanceSpec acceptance = acceptanceNode is null ? new() : AcceptanceSpec.Read(acceptanceNode);
        DraftDesign design = new(control, acceptance);
        if (modelNode.Kind == NodeKind.Scalar && modelNode.Text == Lookup)
        {
            written = Node.Plain(Lookup);
            return searchNode is null ? design : design with { SearchTime = searchNode.AsDuration() };
        }
        if (searchNode is not null) throw searchNode.KeyError($"a draft model proposes without a search; leave the key out, or write model: {Lookup}");
        if (acceptanceNode is { Kind: NodeKind.Mapping } && acceptanceNode["match"] is { } match)
            throw match.KeyError($"a draft model always has something to propose; leave the key out, or write model: {Lookup}");
        (ModelSpec model, written) = readModel(modelNode);
        return design with { Model = Beside(target, model, modelNode), SearchTime = Duration.Zero };
    }

    /// <summary>The form that <see cref="Read"/> gives back.</summary>
    public static Node ToNode(DraftDesign draft, Node model)
    {
        List<KeyValuePair<string, Node>> keys =
        [
            KeyValuePair.Create("model", model),
            KeyValuePair.Create("control", DraftControls.Registry.ToNode(draft.Control)),
        ];
        Node acceptance = AcceptanceSpec.Set.ToNode(draft.Acceptance);
        if (draft.Model is not null) acceptance = Node.Map([.. acceptance.Entries.Where(entry => entry.Key != "match")]);
        keys.Add(KeyValuePair.Create("acceptance", acceptance));
        if (draft.Model is null) keys.Add(KeyValuePair.Create("searchTime", Node.Plain(Quantities.Format(draft.SearchTime.Seconds, Quantity.Duration))));
        return Node.Map(keys);
    }

    private static Deployment Beside(Deployment target, ModelSpec model, Node node)
    {
        if (model.Vocabulary != target.Model.Vocabulary)
            throw node.Error($"{model.Name} has {model.Vocabulary} different tokens and {target.Model.Name} has {target.Model.Vocabulary}; a draft must share the vocabulary of the model that verifies it");
        try
        {
            ParallelPlan plan = new(target.Parallel.Tensor, 1, 1, target.Parallel.Data);
            return Deployment.Create(model, target.Device, plan, target.Precision, target.Interconnect, target.Profile, target.Engine);
        }
        catch (InputException mistake)
        {
            throw node.Error($"the draft model is cut like the target: {mistake.Message}");
        }
    }
}
