using Orrery.Documents;
using Orrery.Kernel;
using Orrery.World.Catalogue;
using Orrery.World.Power;
using Orrery.World.Profiles;

namespace Orrery.Lab.Fidelity;

/// <summary>What of the fidelity is wanted.</summary>
public sealed record FidelitySettings
{
    /// <summary>Names of the levels, in the order in which they run.</summary>
    public static IReadOnlyList<string> AllLevels { get; } = [OperatorLevel.Name, IterationLevel.Name, DeploymentLevel.Name, RequestLevel.Name, EnergyLevel.Name];

    public IReadOnlyList<string> Levels { get; init; } = AllLevels;

    public IReadOnlyList<FidelityMode> Modes { get; init; } = [FidelityMode.Interpolate, FidelityMode.Transfer];

    /// <summary>Restricts F1.</summary>
    public LeaveOut LeaveOut { get; init; }

    /// <summary>Stops between devices, runs and files.</summary>
    public CancellationToken Cancel { get; init; }

    /// <summary>Told what is being done.</summary>
    public Action<string>? Progress { get; init; }
}

/// <summary>Runs the levels over a data folder, or repeats what the shipped profiles state.</summary>
public static class FidelityRun
{
    /// <summary>All figures of a data folder.</summary>
    /// <exception cref="InputException">The folder does not exist.</exception>
    public static FidelityReport Of(string folder, FidelitySettings settings) => Of(new FidelityData(folder), settings);

    /// <summary>The same of data that may have been used before: tables are read and profiles learnt once.</summary>
    public static FidelityReport Of(FidelityData data, FidelitySettings settings)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(settings);
        FidelityFindings all = new();
        foreach (string level in settings.Levels)
        {
            if (settings.Cancel.IsCancellationRequested) break;
            settings.Progress?.Invoke($"{level}: {Doing(level)}");
            all.Add(level switch
            {
                OperatorLevel.Name => OperatorLevel.Evaluate(data, settings.Modes, settings.LeaveOut, settings.Cancel),
                IterationLevel.Name => IterationLevel.Evaluate(data, settings.Modes, settings.Cancel),
                DeploymentLevel.Name => DeploymentLevel.Evaluate(data, settings.Modes, settings.Cancel),
                RequestLevel.Name => RequestLevel.Evaluate(data, settings.Modes, settings.Cancel),
                EnergyLevel.Name => EnergyLevel.Evaluate(data, settings.Modes, settings.Cancel),
                _ => throw new ArgumentOutOfRangeException(nameof(settings), level, "no such level"),
            });
        }
        IEnumerable<string> imported = data.HasReadTables ? data.Sets.SelectMany(set => set.PlacedWarnings).Concat(data.Warnings) : [];
        bool isBare = all.Rows.Count == 0 && !settings.Cancel.IsCancellationRequested;
        string[] nothing = isBare ? [$"{data.Folder}: nothing in this folder gives a figure of {string.Join(", ", settings.Levels)}"] : [];
        return new(all.Rows, all.Points, [.. imported.Concat(all.Warnings).Concat(nothing).Distinct()], settings.Cancel.IsCancellationRequested);
    }

    /// <summary>The errors that the shipped profiles state, without any data.</summary>
    public static FidelityReport Stated()
    {
        List<FidelityRow> rows = [];
        foreach (DeviceProfile profile in Catalog.Profiles.OrderBy(profile => profile.IsTransfer).ThenBy(profile => profile.Name, StringComparer.Ordinal))
        {
            foreach ((ProfileFamily family, FamilyErrors errors) in profile.Errors.OrderBy(pair => pair.Key))
            {
                Add(profile.Name, family, FidelityMode.Interpolate, OperatorLevel.Shipped, errors.Fit);
                Add(profile.Name, family, FidelityMode.Interpolate, OperatorLevel.Points, errors.LeftOut);
                Add(profile.Name, family, FidelityMode.Transfer, OperatorLevel.Device, errors.Transfer);
            }
        }
        foreach (PowerProfile power in Catalog.PowerProfiles)
        {
            bool isTransfer = power.Device == PowerProfile.TransferName;
            FidelityMode mode = isTransfer ? FidelityMode.Transfer : FidelityMode.Interpolate;
            FidelityRow row = new(EnergyLevel.Name, mode, OperatorLevel.Shipped, power.Device, "power", FidelityMetric.Mape, power.FitError, power.Rows);
            rows.Add(row);
            rows.Add(row with { Split = isTransfer ? OperatorLevel.Device : OperatorLevel.Model, Value = power.LeftOutError });
        }
        // Grouped as a run over data prints them.
        return new([.. rows.GroupBy(row => (row.Level, row.Mode, row.Split)).SelectMany(group => group)], [], []);

        void Add(string device, ProfileFamily family, FidelityMode mode, string split, FitError? error)
        {
            if (error is null) return;
            FidelityRow row = new(OperatorLevel.Name, mode, split, device, ChoiceNames.Of(family), FidelityMetric.Mape, error.Mape, error.Samples);
            rows.Add(row);
            rows.Add(row with { Metric = FidelityMetric.Weighted, Value = error.TimeWeightedMape, Bar = FidelityBars.Operator(mode) });
            rows.Add(row with { Metric = FidelityMetric.P95, Value = error.P95 });
            rows.Add(row with { Metric = FidelityMetric.Bias, Value = error.Bias });
        }
    }

    private static string Doing(string level) => level switch
    {
        OperatorLevel.Name => "operators, with points, models and devices left out",
        IterationLevel.Name => "steps of layers and models",
        DeploymentLevel.Name => "deployments at fixed concurrency",
        RequestLevel.Name => "runs under open arrivals",
        _ => "power and energy",
    };
}
