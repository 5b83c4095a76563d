using System.Globalization;
using System.Text;
using System.Text.Json;
using Orrery.Live.Gateway;
using Orrery.Live.Metrics;
using Orrery.Live.Streams;
using Orrery.Serving.Exposition;

namespace Orrery.Live.Api;

/// <summary>What is served, how it does, and the numbers: everything that is asked with GET.</summary>
internal sealed class StatusEndpoints(ILiveHost host, ModelDirectory directory, IUpstreamGateway? gateway, ServiceState state, MetricsPage? metrics)
{
    private const string Owner = "orrery";

    /// <summary>The process can answer at all.</summary>
    public Task HealthAsync(ApiCall call) => host.Fault is { } fault
        ? call.SendAsync(ApiError.Unavailable(fault, "fault"))
        : call.SendAsync(200, Say("ok"));

    /// <summary>New requests are taken.</summary>
    public Task ReadyAsync(ApiCall call)
    {
        if (host.Fault is { } fault) return call.SendAsync(ApiError.Unavailable(fault, "fault"));
        return state.IsDraining ? call.SendAsync(ApiError.Unavailable("the server is stopping", "draining")) : call.SendAsync(200, Say("ready"));
    }

    public static Task VersionAsync(ApiCall call) => call.SendAsync(200, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("version", typeof(StatusEndpoints).Assembly.GetName().Version?.ToString(3));
        writer.WriteEndObject();
    });

    public Task ModelsAsync(ApiCall call) => call.SendAsync(200, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString(JsonNames.Object, "list");
        writer.WriteStartArray("data");
        foreach (ServedModel model in directory.All) WriteModel(writer, model);
        foreach (string name in Upstream()) WriteUpstream(writer, name);
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    /// <exception cref="ApiException">404: there is no such model.</exception>
    public Task ModelAsync(ApiCall call, string name)
    {
        if (directory.Find(name) is { } model) return call.SendAsync(200, writer => WriteModel(writer, model));
        if (gateway?.Serves(name) == true) return call.SendAsync(200, writer => WriteUpstream(writer, name));
        throw new ApiException(Unknown(name));
    }

    public async Task MetricsAsync(ApiCall call)
    {
        string text = await host.MetricsAsync(call.Aborted).ConfigureAwait(false);
        string others = gateway?.Metrics() ?? "";
        text = metrics is null ? text + others : metrics.Compose(text, others);
        await call.SendAsync(200, ExpositionText.ContentType, Encoding.UTF8.GetBytes(text)).ConfigureAwait(false);
    }

    public async Task StateAsync(ApiCall call)
    {
        string json = await host.StateAsync(call.Aborted).ConfigureAwait(false);
        await call.SendAsync(200, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("schema", "orrery.state/1");
            writer.WriteBoolean("draining", state.IsDraining);
            writer.WriteNumber("requestsInFlight", state.InFlight);
            writer.WritePropertyName("host");
            writer.WriteRawValue(json);
            if (gateway is not null)
            {
                writer.WritePropertyName("gateway");
                gateway.WriteState(writer);
            }
            writer.WriteEndObject();
        }).ConfigureAwait(false);
    }

    public ApiError Unknown(string name)
    {
        string shown = name.Length > 128 ? name[..128] + "…" : name;
        return ApiError.UnknownModel($"there is no model '{shown}'{Kernel.Names.Suggest(shown, [.. directory.All.Select(model => model.Name).Concat(Upstream())])}");
    }

    private IEnumerable<string> Upstream() => gateway?.Models.Where(name => directory.Find(name) is null) ?? [];

    private static void WriteModel(Utf8JsonWriter writer, ServedModel model)
    {
        writer.WriteStartObject();
        writer.WriteString(JsonNames.Id, model.Name);
        writer.WriteString(JsonNames.Object, "model");
        writer.WriteNumber(JsonNames.Created, model.Model.CreatedUnixSeconds);
        writer.WriteString("owned_by", Owner);
        writer.WriteNumber("max_model_len", model.Model.ContextLength);
        writer.WriteString("parent", model.Adapter < 0 ? null : model.Model.Id);
        writer.WriteEndObject();
    }

    /// <summary>Of another engine's model only the name is known.</summary>
    private static void WriteUpstream(Utf8JsonWriter writer, string name)
    {
        writer.WriteStartObject();
        writer.WriteString(JsonNames.Id, name);
        writer.WriteString(JsonNames.Object, "model");
        writer.WriteNumber(JsonNames.Created, 0);
        writer.WriteString("owned_by", string.Create(CultureInfo.InvariantCulture, $"{Owner}-gateway"));
        writer.WriteEndObject();
    }

    private static Action<Utf8JsonWriter> Say(string status) => writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("status", status);
        writer.WriteEndObject();
    };
}
