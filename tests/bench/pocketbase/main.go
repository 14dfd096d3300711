// The single binary a user would pick instead: PocketBase as a Go library, with the one collection the benchmark needs.
// Its own REST API, its own token check, its own rules; nothing is tuned.
package main

import (
	"log"

	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
)

func main() {
	app := pocketbase.New()
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		if _, err := e.App.FindCollectionByNameOrId("tasks"); err != nil {
			if err := createTasks(e.App); err != nil {
				return err
			}
		}
		return e.Next()
	})
	if err := app.Start(); err != nil {
		log.Fatal(err)
	}
}

func createTasks(app core.App) error {
	users, err := app.FindCollectionByNameOrId("users")
	if err != nil {
		return err
	}
	own := types.Pointer("user = @request.auth.id")
	tasks := core.NewBaseCollection("tasks")
	tasks.ListRule, tasks.ViewRule, tasks.UpdateRule, tasks.DeleteRule = own, own, own, own
	tasks.CreateRule = types.Pointer("@request.auth.id != '' && user = @request.auth.id")
	tasks.Fields.Add(
		&core.RelationField{Name: "user", Required: true, MaxSelect: 1, CollectionId: users.Id, CascadeDelete: true},
		&core.TextField{Name: "title", Required: true, Max: 200},
		&core.TextField{Name: "description", Max: 10000},
		&core.SelectField{Name: "status", Values: []string{"pending", "in_progress", "completed"}},
		&core.SelectField{Name: "priority", Values: []string{"low", "medium", "high", "urgent"}},
		&core.DateField{Name: "due_date"},
		&core.DateField{Name: "completed_at"},
		&core.AutodateField{Name: "created", OnCreate: true},
		&core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
	)
	tasks.AddIndex("idx_tasks_user_created", false, "user, created", "")
	return app.Save(tasks)
}
