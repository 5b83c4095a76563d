using Orrery.Documents;

namespace Orrery.World.Profiles;

/// <summary>The kinds of operators that a profile knows, each with one family of efficiencies.</summary>
public enum ProfileFamily
{
    Matrices,
    Vectors,
    Prefill,
    Decode,
    Mixed,
    Experts,
    Collectives,
}

/// <summary>How well a family repeats what it was made from.</summary>
/// <param name="Fit">On the samples it was fitted to.</param>
/// <param name="LeftOut">On samples that were left out of a fit like it, every second grid point.</param>
/// <param name="Transfer">On a device that was left out of the fit; stated by profiles that were learnt over several devices.</param>
/// <param name="Unversioned">The same on devices whose tables state no software: they time other things, and are not the target.</param>
public sealed record FamilyErrors(FitError? Fit, FitError? LeftOut, FitError? Transfer, FitError? Unversioned = null)
{
    /// <summary>What an interval around a prediction is made from: the error on data that were not fitted, where it is known.</summary>
    public double Spread => (Transfer ?? LeftOut ?? Fit)?.Spread ?? 0;

    public static FamilyErrors Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        MapReader map = node.AsMap();
        FamilyErrors errors = new(One("fit"), One("leftOut"), One("transfer"), One("unversioned"));
        map.Done();
        return errors;

        FitError? One(string key) => map.Optional(key) is { } error ? FitError.Read(error) : null;
    }

    public Node Write()
    {
        List<KeyValuePair<string, Node>> entries = [];
        if (Fit is not null) entries.Add(new("fit", Fit.Write()));
        if (LeftOut is not null) entries.Add(new("leftOut", LeftOut.Write()));
        if (Transfer is not null) entries.Add(new("transfer", Transfer.Write()));
        if (Unversioned is not null) entries.Add(new("unversioned", Unversioned.Write()));
        return Node.Map([.. entries]);
    }
}

/// <summary>
/// What a device reaches, by kind of operator: fitted to its own measurements, or learnt over several devices for one with a data sheet
/// only. Families that were not measured are null and come from the latter.
/// </summary>
public sealed record DeviceProfile
{
    /// <summary>Name of the shipped profile that was learnt over all measured devices.</summary>
    public const string TransferName = "transfer";

    /// <summary>Name of the device that it belongs to, or <see cref="TransferName"/>.</summary>
    public required string Name { get; init; }

    /// <summary>Whose measurements, and of which software.</summary>
    public required string Source { get; init; }

    /// <summary>Licence of these measurements.</summary>
    public string Licence { get; init; } = "";

    public MatrixEfficiency? Matrices { get; init; }

    public VectorEfficiency? Vectors { get; init; }

    public PrefillAttentionEfficiency? Prefill { get; init; }

    public DecodeAttentionEfficiency? Decode { get; init; }

    public MixedAttentionEfficiency? Mixed { get; init; }

    public ExpertEfficiency? Experts { get; init; }

    public CollectiveEfficiency? Collectives { get; init; }

    /// <summary>Corrections over all families: what a calibration on telemetry of a live server found.</summary>
    public ProfileFactors Factors { get; init; } = ProfileFactors.None;

    /// <summary>What the same calibration found about the engine.</summary>
    public EngineOverrides Engine { get; init; } = EngineOverrides.None;

    public IReadOnlyDictionary<ProfileFamily, FamilyErrors> Errors { get; init; } = new Dictionary<ProfileFamily, FamilyErrors>();

    /// <summary>Is this a profile of several devices, asked about another one?</summary>
    public bool IsTransfer => Name == TransferName;

    /// <summary>Has it every family?</summary>
    public bool IsComplete => Families == Enum.GetValues<ProfileFamily>().Length;

    /// <summary>How many families it has.</summary>
    public int Families => ((object?[])[Matrices, Vectors, Prefill, Decode, Mixed, Experts, Collectives]).Count(family => family is not null);

    /// <summary>
    /// The same, asked about another device with the same chip: how far off that may be is not known, so the errors of the profile that was
    /// learnt on other devices are taken, which are larger.
    /// </summary>
    public DeviceProfile AskedAboutOther(DeviceProfile transfer)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        return this with { Errors = Errors.ToDictionary(pair => pair.Key, pair => pair.Value with { Transfer = transfer.Errors.GetValueOrDefault(pair.Key)?.Transfer }) };
    }

    /// <summary>The same with families and errors of another profile where this one has none.</summary>
    public DeviceProfile CompletedBy(DeviceProfile other)
    {
        ArgumentNullException.ThrowIfNull(other);
        Dictionary<ProfileFamily, FamilyErrors> errors = new(other.Errors);
        foreach ((ProfileFamily family, FamilyErrors own) in Errors) errors[family] = own;
        return this with
        {
            Matrices = Matrices ?? other.Matrices,
            Vectors = Vectors ?? other.Vectors,
            Prefill = Prefill ?? other.Prefill,
            Decode = Decode ?? other.Decode,
            Mixed = Mixed ?? other.Mixed,
            Experts = Experts ?? other.Experts,
            Collectives = Collectives ?? other.Collectives,
            Errors = errors,
        };
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="Kernel.InputException">A value is missing, unknown or out of range; the sentence says where.</exception>
    public static DeviceProfile Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        MapReader map = node.AsMap();
        Dictionary<ProfileFamily, FamilyErrors> errors = [];
        DeviceProfile profile = new()
        {
            Name = map.Text("name"),
            Source = map.Text("source"),
            Licence = map.Text("licence", ""),
            Matrices = One("matrices", MatrixEfficiency.Read),
            Vectors = One("vectors", VectorEfficiency.Read),
            Prefill = One("prefill", PrefillAttentionEfficiency.Read),
            Decode = One("decode", DecodeAttentionEfficiency.Read),
            Mixed = One("mixed", MixedAttentionEfficiency.Read),
            Experts = One("experts", ExpertEfficiency.Read),
            Collectives = One("collectives", CollectiveEfficiency.Read),
            Factors = One("factors", ProfileFactors.Read) ?? ProfileFactors.None,
            Engine = One("engine", EngineOverrides.Read) ?? EngineOverrides.None,
            Errors = errors,
        };
        if (map.Map("errors") is { } written)
        {
            foreach (ProfileFamily family in Enum.GetValues<ProfileFamily>())
                if (written.Optional(ChoiceNames.Of(family)) is { } error) errors[family] = FamilyErrors.Read(error);
            written.Done();
        }
        map.Done();
        return profile;

        T? One<T>(string key, Func<Node, T> read)
            where T : class => map.Optional(key) is { } family ? read(family) : null;
    }

    /// <summary>The form that <see cref="Read"/> reads; the same for the same profile, byte for byte.</summary>
    public Node Write()
    {
        List<KeyValuePair<string, Node>> entries = [new("name", Node.Plain(Name)), new("source", Node.Quoted(Source)), new("licence", Node.Quoted(Licence))];
        if (Factors != ProfileFactors.None) Add("factors", Factors.Write());
        if (Engine != EngineOverrides.None) Add("engine", Engine.Write());
        Add("matrices", Matrices?.Write());
        Add("vectors", Vectors?.Write());
        Add("prefill", Prefill?.Write());
        Add("decode", Decode?.Write());
        Add("mixed", Mixed?.Write());
        Add("experts", Experts?.Write());
        Add("collectives", Collectives?.Write());
        if (Errors.Count > 0)
            Add("errors", Node.Map([.. Errors.OrderBy(pair => pair.Key).Select(pair => KeyValuePair.Create(ChoiceNames.Of(pair.Key), pair.Value.Write()))]));
        return Node.Map([.. entries]);

        void Add(string key, Node? family)
        {
            if (family is not null) entries.Add(new(key, family));
        }
    }
}
