using System.Globalization;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.World.Deployments;

namespace Orrery.World.StepTimes;

/// <summary>
/// What somebody published about how long steps take: polynomials or points for single models, devices and cuts. It says nothing about
/// others, and asking for those is a mistake.
/// </summary>
/// <param name="Name">What a fleet entry names.</param>
/// <param name="Doc">What was measured, in one sentence.</param>
/// <param name="Source">Where it was published, with the mark of how we know, and which rules are ours.</param>
/// <param name="Rows">One for each model, device and tensor degree.</param>
/// <param name="Kv">Tokens that fit, where that was published.</param>
public sealed record StepTimeTable(string Name, string Doc, string Source, IReadOnlyList<StepTimeRow> Rows, IReadOnlyList<KvTokens> Kv)
{
    /// <exception cref="InputException">A value is missing, unknown or out of range; the sentence says where.</exception>
    public static StepTimeTable Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        MapReader map = node.AsMap();
        IReadOnlyList<StepTimeRow> rows = map.Optional("polynomials") is { } polynomials
            ? PolynomialTimes.Read(polynomials)
            : TokenTimes.Read(map.Required("tokens"), map.Choice<TokenRule>("rule"));
        StepTimeTable table = new(map.Text("name"), map.Text("doc"), map.Text("source"), rows, [.. map.List("kv").Select(KvTokens.Read)]);
        map.Done();
        return table;
    }

    /// <summary>The times of a deployment.</summary>
    /// <exception cref="InputException">Nothing was published for its model, device or cut.</exception>
    public StepTimeRow RowOf(Deployment deployment)
    {
        ArgumentNullException.ThrowIfNull(deployment);
        ParallelPlan plan = deployment.Parallel;
        if (plan.Data > 1 || plan.Expert > 1) throw Missing(deployment, "it knows no data or expert ranks");
        StepTimeRow? row = Rows.FirstOrDefault(candidate => candidate.IsOf(deployment.Model.Name, deployment.Device.Name, plan.Tensor))
            ?? throw Missing(deployment, "it has " + string.Join(", ", Rows.Select(other => other.ToString()).Distinct()));
        row.Check(deployment);
        return row;
    }

    /// <summary>Tokens that one replica holds; null where nothing was published about its model.</summary>
    /// <exception cref="InputException">The model is there, and this cut is not: it does not fit.</exception>
    public long? KvTokensOf(Deployment deployment)
    {
        ArgumentNullException.ThrowIfNull(deployment);
        KvTokens[] cuts = [.. Kv.Where(candidate => candidate.Model == deployment.Model.Name)];
        if (cuts.Length == 0) return null;
        ParallelPlan plan = deployment.Parallel;
        foreach (KvTokens cut in cuts)
            if (cut.Tensor == plan.Tensor && cut.Pipeline == plan.Pipeline) return cut.Tokens;
        string known = string.Join(", ", cuts.Select(cut => new ParallelPlan(cut.Tensor, cut.Pipeline).ToString()));
        throw new InputException($"stepTimes: {Name} publishes no KV memory for {deployment.Model.Name} with {plan}, which does not fit there; it has {known}") { IsInfeasible = true };
    }

    private InputException Missing(Deployment deployment, string known) =>
        new(string.Create(CultureInfo.InvariantCulture, $"stepTimes: {Name} says nothing about {deployment.Model.Name} on {deployment.Device.Name} with {deployment.Parallel}; {known}")) { IsInfeasible = true };
}

/// <summary>KV tokens that a replica of a model holds with a cut.</summary>
public sealed record KvTokens(string Model, int Tensor, int Pipeline, long Tokens)
{
    internal static KvTokens Read(Node node)
    {
        MapReader map = node.AsMap();
        KvTokens read = new(map.Text("model"), map.Int("tensor", 1, 1), map.Int("pipeline", 1, 1), map.Long("tokens"));
        map.Done();
        return read;
    }
}

/// <summary>The sums of a step that published formulas are made of, as integers.</summary>
/// <param name="PromptTokens">Prompt tokens computed.</param>
/// <param name="SquaredTokens">Sum over prompts of (history + tokens)² − history²: the square of the whole prompt, whatever the slices.</param>
/// <param name="Decodes">Query tokens of decodes.</param>
/// <param name="ContextTokens">Tokens that the decodes attend, their own included.</param>
public readonly record struct StepSums(long PromptTokens, long SquaredTokens, long Decodes, long ContextTokens);

/// <summary>Published times of one model on one device.</summary>
public abstract record StepTimeRow(string Model, string Device, int Tensor)
{
    internal bool IsOf(string model, string device, int tensor) => Model == model && Device == device && Tensor == tensor;

    /// <summary>Refuses deployments that the row does not describe.</summary>
    internal abstract void Check(Deployment deployment);

    /// <summary>Nanoseconds that a step holds each of so many pipeline stages, what the first does beside its layers not counted.</summary>
    internal abstract double StageNanoseconds(in StepSums sums, Deployment deployment);

    /// <summary>Nanoseconds that the first stage takes longer: the runtime's work for a step.</summary>
    internal abstract double FirstStageNanoseconds(in StepSums sums);

    public sealed override string ToString() => $"{Model} on {Device} with TP{Tensor}";
}
