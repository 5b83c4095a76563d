using System.ComponentModel;
using System.Diagnostics;

namespace Orrery.Live.Tests.Api;

/// <summary>The official JavaScript client against the running server; <c>./orrery test</c> installs it.</summary>
public sealed class JavaScriptClientTests
{
    [Fact]
    public async Task It_chats_streams_embeds_and_understands_errors()
    {
        string? folder = Folder();
        if (folder is null || !Directory.Exists(Path.Combine(folder, "node_modules", "openai"))) Assert.Skip("the npm packages of tests/clients/js are not installed");
        await using TestServer test = await TestServer.StartAsync(new() { ContextLength = 2048 });
        using Process? node = Start(folder, new Uri(test.Server.Address, "v1").ToString());
        if (node is null) Assert.Skip("node is not installed");
        Task<string> error = node.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await node.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await node.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(node.ExitCode == 0, await error);
        Assert.Equal("ok", output.Trim());
    }

    private static string? Folder()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "Orrery.slnx"))) return Path.Combine(at.FullName, "tests", "clients", "js");
        return null;
    }

    private static Process? Start(string folder, string address)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("node", ["client.mjs", address]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true });
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
