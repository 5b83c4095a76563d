using System.Text.Json;
using Orrery.Documents;
using Orrery.Lab.Fidelity;
using Orrery.Lab.Telemetry;
using Orrery.World.Power;
using Orrery.World.Profiles;

namespace Orrery.Cli.Verbs;

/// <summary><c>calibrate --json</c>: <c>orrery.calibration/1</c> of tables, <c>orrery.telemetry/1</c> of a log. Errors are shares, times are seconds.</summary>
internal static class CalibrationJson
{
    public static void Write(Calibrated calibrated, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("schema", "orrery.calibration/1");
        writer.WriteStartArray("profiles");
        foreach (DeviceProfile profile in calibrated.Profiles) Write(profile, writer);
        writer.WriteEndArray();
        writer.WriteStartArray("power");
        foreach (PowerProfile profile in calibrated.Power)
        {
            writer.WriteStartObject();
            writer.WriteString("device", profile.Device);
            writer.WriteNumber("settings", profile.Rows);
            writer.WriteNumber("fitError", profile.FitError);
            writer.WriteNumber("leftOutError", profile.LeftOutError);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        Texts("warnings", calibrated.Warnings, writer);
        writer.WriteEndObject();
    }

    public static void Write(TelemetryResult result, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("schema", "orrery.telemetry/1");
        writer.WriteString("device", result.Profile.Name);
        writer.WriteString("source", result.Profile.Source);
        writer.WriteStartArray("parameters");
        foreach (FittedParameter fitted in result.Parameters)
        {
            writer.WriteStartObject();
            writer.WriteString("name", fitted.Parameter.Name);
            writer.WriteString("unit", fitted.Parameter.IsSeconds ? "s" : "factor");
            writer.WriteNumber("before", fitted.Parameter.Start);
            writer.WriteNumber("after", fitted.Fitted);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        Part("fitted", result.Fitted, writer);
        Part("heldOut", result.HeldOut, writer);
        writer.WriteNumber("runs", result.Runs);
        writer.WriteNumber("kvBlocks", result.Blocks);
        writer.WriteNumber("preemptions", result.Preemptions);
        Texts("notes", result.Notes, writer);
        writer.WriteEndObject();
    }

    private static void Write(DeviceProfile profile, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("name", profile.Name);
        writer.WriteString("source", profile.Source);
        writer.WriteStartObject("operators");
        foreach ((ProfileFamily family, FamilyErrors errors) in profile.Errors.OrderBy(pair => pair.Key))
        {
            writer.WriteStartObject(ChoiceNames.Of(family));
            Error("fit", errors.Fit, writer);
            Error("leftOut", errors.LeftOut, writer);
            Error("otherDevices", errors.Transfer, writer);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void Error(string name, FitError? error, Utf8JsonWriter writer)
    {
        if (error is null) return;
        writer.WriteStartObject(name);
        writer.WriteNumber("samples", error.Samples);
        writer.WriteNumber("mape", error.Mape);
        writer.WriteNumber("timeWeighted", error.TimeWeightedMape);
        writer.WriteNumber("p95", error.P95);
        writer.WriteNumber("bias", error.Bias);
        writer.WriteNumber("spread", error.Spread);
        writer.WriteEndObject();
    }

    private static void Part(string name, TelemetryJudgement part, Utf8JsonWriter writer)
    {
        writer.WriteStartObject(name);
        writer.WriteNumber("requests", part.Requests);
        Metrics("before", part.Before, writer);
        Metrics("after", part.After, writer);
        writer.WriteEndObject();
    }

    private static void Metrics(string name, IReadOnlyList<DistributionComparison> metrics, Utf8JsonWriter writer)
    {
        writer.WriteStartObject(name);
        foreach (DistributionComparison metric in metrics)
        {
            writer.WriteStartObject(metric.Name);
            writer.WriteNumber("measuredMean", metric.MeasuredMean);
            writer.WriteNumber("predictedMean", metric.PredictedMean);
            writer.WriteNumber("meanError", metric.MeanError);
            writer.WriteNumber("p50Error", metric.P50Error);
            writer.WriteNumber("p95Error", metric.P95Error);
            writer.WriteNumber("wassersteinOverMean", metric.WassersteinOverMean);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    private static void Texts(string name, IReadOnlyList<string> texts, Utf8JsonWriter writer)
    {
        writer.WriteStartArray(name);
        foreach (string text in texts) writer.WriteStringValue(text);
        writer.WriteEndArray();
    }
}
